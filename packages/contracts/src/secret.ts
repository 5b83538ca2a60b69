import * as z from "zod";
import { ServerName } from "./server.ts";

/**
 * Name of a secret: 1 to 200 of letters, digits, dots, dashes and underscores, beginning with a letter or digit. Compared
 * byte for byte. Names with dots say whose they are: `brave.api_key` is the server `brave`'s.
 */
export const SecretName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/, "a secret's name has 1 to 200 letters, digits, dots, dashes and underscores, and begins with a letter or digit");

/** Longest value of a secret, in UTF-16 code units. */
export const MAX_SECRET_LENGTH = 65_536;

/** What a caller sends to keep a secret. */
export const SetSecret = z.strictObject({ name: SecretName, value: z.string().min(1).max(MAX_SECRET_LENGTH) });

/** Where a value comes from, in the order of precedence: a name that two of them know has the first one's value. */
export const SecretSourceKind = z.enum(["vault", "command", "file", "environment"]);
export type SecretSourceKind = z.infer<typeof SecretSourceKind>;

/**
 * A server that may use a secret: by its name, by the catalog that it came from, and by what it is (kind and image,
 * package or address, without version). Another catalog's server of the same name is another server.
 */
export const SecretBinding = z.strictObject({
  secret: SecretName,
  server: ServerName,
  catalog: z.string().min(1).max(2000),
  source: z.string().min(1).max(2100),
  /** Who bound it: the person, or the trusted catalog whose own name it is. */
  by: z.enum(["person", "catalog"]),
  boundAt: z.iso.datetime(),
});
export type SecretBinding = z.infer<typeof SecretBinding>;

/**
 * A host that a secret may be put into requests to, by the person's word: `api.example.org`, or `*.example.org` for exactly
 * one label before it, in lower case; with `:PORT` unless the port is 443.
 */
export const HostBinding = z.strictObject({ secret: SecretName, host: z.string().min(1).max(300), boundAt: z.iso.datetime() });
export type HostBinding = z.infer<typeof HostBinding>;

/** Who may use a secret, as it is shown. */
export const SecretUser = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("model"), service: z.string() }),
  z.object({ kind: z.literal("server"), server: z.string(), catalog: z.string(), by: z.enum(["person", "catalog"]) }),
  z.object({ kind: z.literal("host"), host: z.string() }),
]);
export type SecretUser = z.infer<typeof SecretUser>;

/** What may be shown of a secret; never the value. */
export const SecretView = z.object({
  name: z.string(),
  source: SecretSourceKind,
  boundTo: z.array(SecretUser),
  setAt: z.iso.datetime().optional(),
  lastUsedAt: z.iso.datetime().optional(),
});
export type SecretView = z.infer<typeof SecretView>;

/** How the vault stands: not made yet, open with its key in one of two places, or locked and why. */
export const VaultStatus = z.discriminatedUnion("state", [
  z.object({ state: z.literal("absent"), file: z.string() }),
  z.object({ state: z.literal("open"), file: z.string(), key: z.enum(["keychain", "file"]), keyFile: z.string().optional() }),
  z.object({ state: z.literal("locked"), file: z.string(), message: z.string(), fix: z.string() }),
]);
export type VaultStatus = z.infer<typeof VaultStatus>;
