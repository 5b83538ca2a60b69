import type { ServerSource } from "@sbx/contracts";

/** A piece of a value that is put together when the server starts: text, or the secret of this name in the vault. */
export type SecretPart = { readonly kind: "text"; readonly text: string } | { readonly kind: "secret"; readonly secret: string; readonly env: string };

/** A value that holds secrets. They are put in by whoever may read the vault, and nothing is evaluated after that. */
export interface SecretTemplate {
  readonly parts: readonly SecretPart[];
  /** Whether all its secrets must be there. A value whose secret is optional and missing is left out as a whole. */
  readonly required: boolean;
}

/** Something mounted into the server's container. */
export interface PlannedVolume {
  /**
   * A path of the host, which the configuration named, or a volume. The entry chose the volume's name: whoever makes it
   * puts the server's own in front, so that no server reads another's. Whoever sets a configuration chooses paths: an
   * agent may do so only with its person's consent.
   */
  readonly source: { readonly kind: "path"; readonly path: string } | { readonly kind: "volume"; readonly name: string };
  /** Absolute path in the container. */
  readonly target: string;
  readonly readonly: boolean;
}

/** One destination that the server may reach. */
export interface PlannedDestination {
  /** In the syntax of policy's destinations: `api.example.org:443`, `*.example.org:443`, `**:443`. */
  readonly to: string;
  /** What the entry says is spoken there. */
  readonly protocol: "tcp" | "http" | "https";
  /** Whether the configuration named it, so that whoever may set configuration chose where the server's data goes. */
  readonly fromConfig: boolean;
}

/** Where a server may go. Nothing declared is nothing allowed. */
export type PlannedNetwork = { readonly kind: "none" } | { readonly kind: "allow"; readonly destinations: readonly PlannedDestination[] };

/** A further name in the container's table of hosts. */
export interface PlannedHost {
  readonly name: string;
  /** An IPv4 address, or `host-gateway` for this machine. */
  readonly address: string;
}

/**
 * What it takes to run one server: everything evaluated, parsed and checked, nothing carried out. No text in it is to be
 * split, expanded or handed to a shell.
 */
export interface ServerPlan {
  readonly name: string;
  /** For a remote: the address after evaluation, without its headers, which are in `headers`. */
  readonly source: ServerSource;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Variables whose values hold secrets, by name. */
  readonly secretEnv: Readonly<Record<string, SecretTemplate>>;
  /** Headers of a remote. */
  readonly headers: Readonly<Record<string, SecretTemplate>>;
  readonly volumes: readonly PlannedVolume[];
  readonly user?: string;
  readonly extraHosts: readonly PlannedHost[];
  readonly network: PlannedNetwork;
  readonly limits: { readonly cpus: number; readonly memoryBytes: number; readonly pids: number };
  readonly longLived: boolean;
}
