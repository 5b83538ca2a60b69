export { createKeychain, KeychainSilent, type Keychain } from "./keychain.ts";
export type { KeyChoice } from "./key-store.ts";
export { openVault, type OpenVault } from "./open-vault.ts";
export { openSecretUses } from "./secret-uses.ts";
export type { KeyPlace } from "./sealed-file.ts";
export { createDocumentSource, type DocumentSource } from "./sources/document-source.ts";
export type { CommandLimits } from "./sources/run-command.ts";
export { takeOverFiles, type TakenOver } from "./take-over-files.ts";
