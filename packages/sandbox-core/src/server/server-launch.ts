import type { Rule, SandboxId } from "@sbx/contracts";
import type { Secret } from "@sbx/secret-injector";
import type { EngineId, ExecProcess } from "../ports/engine.ts";
import type { WorkspacePart } from "../ports/server-host.ts";

/** Something mounted into a server's container. */
export type ServerVolume =
  | ({ readonly kind: "part" } & WorkspacePart)
  /** A volume that belongs to this server in this sandbox, and goes with the sandbox. */
  | { readonly kind: "data"; readonly name: string; readonly target: string; readonly readonly: boolean }
  /** An installed package. Only an installation can write it. */
  | { readonly kind: "package"; readonly volume: string; readonly target: string };

/** A server that is ready to be run: everything is decided, nothing is evaluated, split or expanded any more. */
export interface ServerLaunch {
  readonly server: string;
  /** Whose it is; absent for a client on the host. */
  readonly sandbox: SandboxId | undefined;
  readonly image: EngineId;
  /** Whole argument vector of the server's program; no shell. */
  readonly command: readonly string[];
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  /** PEM of all authorities that its programs are to trust; absent: those that its image has. */
  readonly authorities?: string | undefined;
  /** Put into the environment of the server's own process and written down nowhere. */
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly volumes: readonly ServerVolume[];
  /** Paths that the image wants to write: memory of the pod's own. */
  readonly scratch: readonly string[];
  readonly rules: readonly Rule[];
  /** An installation reaches what `rules` say and nothing else, and writes the package that it makes. */
  readonly purpose: "run" | "install";
  /** Further names in the container's table of hosts. */
  readonly hosts: readonly { readonly name: string; readonly address: string }[];
  readonly limits: { readonly cpus: number; readonly memoryBytes: number; readonly pids: number };
}

/** A server's program with its three streams. Disposing ends it and removes everything that was made for it. */
export interface ServerProcess extends Pick<ExecProcess, "stdin" | "stdout" | "stderr">, AsyncDisposable {
  /** Resolves with the exit code when the program has ended, by itself or not; 137 when its container was taken away. Never rejects. */
  readonly exit: Promise<number>;
}
