import * as z from "zod";
import { Done, Nothing } from "./plain-shapes.ts";
import { route } from "./route.ts";
import { HostBinding, SecretBinding, SecretName, SecretView, SetSecret, VaultStatus } from "./secret.ts";
import { ServerName } from "./server.ts";

const OfSecret = z.strictObject({ name: SecretName });
const OfSecretAndServer = z.strictObject({ name: SecretName, server: ServerName });
/** The host as a person writes it; see `HostBinding` for its form. */
const OfSecretAndHost = z.strictObject({ name: SecretName, host: z.string().min(1).max(300) });

/** The routes of secrets: who uses which, never what they are. */
export const secretApi = {
  listSecrets: route({ method: "GET", path: "/v1/secrets", request: Nothing, response: z.array(SecretView) }),
  setSecret: route({ method: "PUT", path: "/v1/secrets/{name}", request: SetSecret, response: Done }),
  /** As `setSecret`, for a secret that the vault has; servers that use it are started anew. */
  rotateSecret: route({ method: "POST", path: "/v1/secrets/{name}/rotate", request: SetSecret, response: Done }),
  removeSecret: route({ method: "DELETE", path: "/v1/secrets/{name}", request: OfSecret, response: Done }),
  /** Let a server of a catalog use a secret, which need not have a value yet. */
  bindSecret: route({ method: "PUT", path: "/v1/secrets/{name}/servers/{server}", request: OfSecretAndServer, response: SecretBinding }),
  unbindSecret: route({ method: "DELETE", path: "/v1/secrets/{name}/servers/{server}", request: OfSecretAndServer, response: Done }),
  /** Let a secret be put into requests to a host; it need not have a value yet. A model provider's key goes to no other host. */
  bindSecretToHost: route({ method: "PUT", path: "/v1/secrets/{name}/hosts/{host}", request: OfSecretAndHost, response: HostBinding }),
  unbindSecretFromHost: route({ method: "DELETE", path: "/v1/secrets/{name}/hosts/{host}", request: OfSecretAndHost, response: Done }),
  vaultStatus: route({ method: "GET", path: "/v1/vault", request: Nothing, response: VaultStatus }),
} as const;
