import path from "node:path";
import { AppError, type RecordEvent } from "@sbx/contracts";
import { createProviderEnvironment, SecretKeeper, type SecretKeeperParts } from "@sbx/secret-injector";
import { createDocumentSource, createKeychain, openSecretUses, openVault, takeOverFiles } from "@sbx/vault";
import type { DaemonConfig } from "../config.ts";
import type { Log } from "../log.ts";

/** What secrets need of the rest of the daemon. */
export interface ComposeSecrets {
  readonly config: Pick<DaemonConfig, "stateDirectory" | "configDirectory" | "environment" | "vaultKey">;
  readonly record: RecordEvent;
  readonly log: Log;
  readonly identify: SecretKeeperParts["identify"];
}

/**
 * Open where secrets are: the vault, then what `secrets.json` names, then the providers' usual variables. Secrets that lie
 * in files of their own are taken into the vault first. A vault that is locked keeps no daemon from starting.
 */
export async function composeSecrets({ config, record, log, identify }: ComposeSecrets): Promise<SecretKeeper> {
  const { stateDirectory, configDirectory, environment, vaultKey } = config;
  const vault = openVault({ directory: stateDirectory, keychain: createKeychain(environment), keyChoice: vaultKey });
  try {
    const { taken, left } = await takeOverFiles(vault, path.join(stateDirectory, "secrets"));
    if (taken.length > 0 || left.length > 0) log.info("secrets.taken-over", { taken, left });
  } catch (error) {
    log.warn("secrets.not-taken-over", { error: AppError.is(error) ? error.message : error });
  }
  return new SecretKeeper({
    vault,
    sources: [createDocumentSource({ file: path.join(configDirectory, "secrets.json"), environment, now: Date.now }), createProviderEnvironment(environment)],
    uses: openSecretUses(path.join(stateDirectory, "secret-uses.json"), Date.now),
    record,
    now: () => new Date().toISOString(),
    identify,
  });
}
