import { constants } from "node:fs";
import { lstat, open, readlink, realpath } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { isWithin } from "@sbx/core";

/** More is no file that a person keeps. */
const MAX_KNOWN_HOSTS_BYTES = 16 << 20;
/** As many as the kernel follows. */
const MAX_LINKS = 40;

/** Whose a socket has to be, and where nothing of the person's may lie. */
export interface PlaceFacts {
  readonly uid: number;
  /** Directories that sandboxes may write. */
  readonly writable: readonly string[];
}

/**
 * Where the socket of a person's agent really lies: the same user's, and where no sandbox could put another in its place.
 *
 * @throws AppError `PATH_NOT_FOUND`, `PATH_REFUSED`
 */
export async function findAgentSocket(socket: string, { uid, writable }: PlaceFacts): Promise<string> {
  const place = await outsideOf(socket, { writable, option: "--ssh-agent" });
  const found = await lstat(place);
  if (!found.isSocket()) throw refused(`${socket} is no socket`, "Name the socket of your SSH agent, which is in SSH_AUTH_SOCK: --ssh-agent=SOCKET");
  if (found.uid !== uid) throw refused(`The socket ${socket} belongs to another user`, "Run sbx as the user whose SSH agent it is.");
  return place;
}

/** Text of a file of known hosts. @throws AppError `PATH_NOT_FOUND`, `PATH_REFUSED` */
export async function readKnownHosts(file: string, { writable }: Pick<PlaceFacts, "writable">): Promise<string> {
  const place = await outsideOf(file, { writable, option: "--ssh-known-hosts" });
  await using opened = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const found = await opened.stat();
  if (!found.isFile() || found.size > MAX_KNOWN_HOSTS_BYTES) throw refused(`${file} is no file of known hosts`, "Name a file in the form of known_hosts, of at most 16 MiB.");
  return await opened.readFile("utf8");
}

/** Where a path leads. On the way nothing may lie where a sandbox writes: it could lead elsewhere the next time. */
async function outsideOf(named: string, { writable, option }: { readonly writable: readonly string[]; readonly option: string }): Promise<string> {
  const tops = await Promise.all(writable.map((top) => realpath(top).catch(() => top)));
  let left = named.split("/");
  let place = "/";
  for (let links = 0; left.length > 0;) {
    const [name = "", ...rest] = left;
    const next = path.resolve(place, name);
    const within = tops.find((top) => isWithin(next, top));
    if (within !== undefined) throw refused(`${named} lies in ${within}, where an agent may write, or is found through it`, `Name one that lies where no sandbox writes, with: ${option}=PATH`);
    const found = await lstat(next).catch(() => undefined);
    if (found === undefined) throw new AppError("PATH_NOT_FOUND", { message: `There is nothing at ${named}`, fix: `Name what is there with: ${option}=PATH` });
    const target = found.isSymbolicLink() ? await readlink(next) : undefined;
    links += target === undefined ? 0 : 1;
    if (links > MAX_LINKS) throw refused(`${named} is found through too many links`, `Name the place itself with: ${option}=PATH`);
    left = target === undefined ? rest : [...target.split("/"), ...rest];
    place = target === undefined ? next : target.startsWith("/") ? "/" : place;
  }
  return place;
}

function refused(message: string, fix: string): AppError {
  return new AppError("PATH_REFUSED", { message, fix });
}
