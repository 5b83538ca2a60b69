import { createHash } from "node:crypto";
import { AppError } from "@sbx/contracts";
import type { ContainerSpec, EngineId, Mount } from "../ports/engine.ts";
import { HOLD_PROGRAM } from "../sandbox/workload-container.ts";
import { workloadSeccomp } from "../seccomp/workload-seccomp.ts";
import { hasControlCharacter } from "../workspace/forbidden-place.ts";
import { isWithin } from "../workspace/protected-paths.ts";
import type { ServerLaunch } from "./server-launch.ts";

/** Home of a server's program: memory, gone with it. */
export const SERVER_HOME = "/home/mcp";
/** Where the authorities lie that a server's programs are to trust, where these are not its image's own. */
const AUTHORITIES = "/.sbx/ca.pem";
/** How programs are told of them: OpenSSL and what is built on it, curl, git, Node, and the libraries of Python and of clouds. */
const AUTHORITY_VARIABLES = ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "PIP_CERT", "AWS_CA_BUNDLE"];
const MIB = 1 << 20;
const HOME_BYTES = 256 * MIB;
const SCRATCH_BYTES = 64 * MIB;

/**
 * Ids that belong to nobody: between those that Debian gives to packages and people and those that systemd lends to
 * services. Each server of each sandbox has one, so that limits which the kernel keeps by user are not shared.
 */
const FIRST_ID = 60_706;
const LAST_ID = 61_183;

/** Places of a container that are ours or the kernel's: whoever could mount there could tell us untruths. */
const KEPT_PLACES = ["/.sbx", "/proc", "/sys", "/dev", "/etc/hosts", "/etc/passwd", "/etc/group", "/etc/resolv.conf", "/etc/hostname"];

/** The user of a server's program, the same at every start: its volumes belong to it. */
export function serverUser({ sandbox, server }: Pick<ServerLaunch, "sandbox" | "server">): { readonly uid: number; readonly gid: number } {
  const digest = createHash("sha256")
    .update(`${sandbox ?? "host"}\n${server}`)
    .digest();
  const id = FIRST_ID + (digest.readUInt32BE(0) % (LAST_ID - FIRST_ID + 1));
  return { uid: id, gid: id };
}

/** Check where something is to be mounted. @throws AppError `CATALOG_INVALID` for a place that is not the server's */
export function checkTarget(server: string, target: string): void {
  const plain =
    target.startsWith("/") &&
    target !== "/" &&
    !target
      .slice(1)
      .split("/")
      .some((part) => part === "" || part === "." || part === "..");
  if (plain && !hasControlCharacter(target) && !KEPT_PLACES.some((place) => isWithin(target, place) || isWithin(place, target))) return;
  throw new AppError("CATALOG_INVALID", {
    message: `Server "${server}" wants a volume at "${target.replaceAll(/[^\x20-\x7e]/g, "?")}", where none may be`,
    fix: "Give the volume another target, such as /data.",
  });
}

/** What a server's container is specified from, beside the launch itself. */
export interface ServerContainerParts {
  readonly name: string;
  readonly gate: EngineId;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: { readonly uid: number; readonly gid: number };
  /** Volumes and parts of the workspace, in the order in which they must be mounted. */
  readonly mounts: readonly Mount[];
  readonly holdProgram: string;
  /** Host paths of the files that give the container its own name and address book. */
  readonly files: { readonly passwd: string; readonly group: string; readonly hosts: string; readonly resolver: string; readonly authorities?: string | undefined };
}

/** What tells a server's programs whom to trust; nothing where its image knows. */
export function authorityVariables({ authorities }: Pick<ServerLaunch, "authorities">): Readonly<Record<string, string>> {
  return authorities === undefined ? {} : Object.fromEntries(AUTHORITY_VARIABLES.map((name) => [name, AUTHORITIES]));
}

/**
 * Decide everything about the container in which a server runs.
 *
 * Its root is read-only, its user owns nothing, it has no capability and no network but its gate's. Neither secrets nor
 * settings are in its environment, which the engine shows to whoever asks: the program alone gets them.
 */
export function serverContainer({ image, workdir, limits, scratch }: ServerLaunch, { name, gate, labels, user, mounts, holdProgram, files }: ServerContainerParts): ContainerSpec {
  const memory = (target: string, sizeBytes: number): Mount => ({ kind: "tmpfs", target, sizeBytes, mode: 0o700, ...user });
  const taken = mounts.map(({ target }) => target);
  const places = [...new Set(["/tmp", "/run", ...scratch])].filter((place) => !taken.includes(place) && place !== SERVER_HOME);
  return {
    name,
    image,
    command: [HOLD_PROGRAM, "init"],
    env: { HOME: SERVER_HOME },
    labels,
    user: `${user.uid}:${user.gid}`,
    workdir,
    mounts: [
      { kind: "bind", source: holdProgram, target: HOLD_PROGRAM, readonly: true },
      { kind: "bind", source: files.passwd, target: "/etc/passwd", readonly: true },
      { kind: "bind", source: files.group, target: "/etc/group", readonly: true },
      { kind: "bind", source: files.hosts, target: "/etc/hosts", readonly: true },
      { kind: "bind", source: files.resolver, target: "/etc/resolv.conf", readonly: true },
      ...(files.authorities === undefined ? [] : [{ kind: "bind", source: files.authorities, target: AUTHORITIES, readonly: true } as const]),
      ...(taken.includes(SERVER_HOME) ? [] : [memory(SERVER_HOME, HOME_BYTES)]),
      ...places.map((place) => memory(place, place === "/tmp" ? HOME_BYTES : SCRATCH_BYTES)),
      ...mounts,
    ],
    network: { kind: "join", container: gate },
    capabilities: [],
    readonlyRoot: true,
    seccomp: workloadSeccomp(),
    limits,
  };
}
