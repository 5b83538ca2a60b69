import { isWithin } from "./protected-paths.ts";

/** Places of this machine that decide where a workspace may not be. All absolute and real. */
export interface HostPlaces {
  /** Home directories of people, the caller's first. */
  readonly homes: readonly string[];
  /** Directories of the daemon itself: state, configuration. */
  readonly own: readonly string[];
}

/** The system's own trees: nothing in them is a project. */
const SYSTEM_TREES = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/proc",
  "/run",
  "/sbin",
  "/snap",
  "/sys",
  "/usr",
  "/var/cache",
  "/var/lib/containerd",
  "/var/lib/docker",
  "/var/lib/dpkg",
  "/var/log",
  "/var/run",
  "/var/spool",
];
/** Directories in which projects lie, but which are none. */
const WIDE_DIRECTORIES = ["/", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp", "/var", "/var/lib", "/var/tmp"];
/** Directories of a home in which credentials or programs lie. */
const SECRET_DIRECTORIES = [
  ".aws",
  ".azure",
  ".docker",
  ".gnupg",
  ".kube",
  ".mozilla",
  ".password-store",
  ".ssh",
  ".local/bin",
  ".local/share/keyrings",
  ".config/gcloud",
  ".config/gh",
  ".config/systemd",
  ".config/autostart",
];
const WIDE_HOME_DIRECTORIES = [".cache", ".config", ".local", ".local/share", ".local/state"];

/** Why a directory cannot be a workspace, as the end of a sentence; `undefined` when it can. `path` is absolute and real. */
export function whyForbidden(path: string, { homes, own }: HostPlaces): string | undefined {
  if (WIDE_DIRECTORIES.includes(path)) return "is the system's, not a project";
  const tree = SYSTEM_TREES.find((top) => isWithin(path, top));
  if (tree !== undefined) return tree === path ? "is the system's, not a project" : `lies in ${tree}, which is the system's`;
  for (const home of homes) {
    if (isWithin(home, path)) return path === home ? "is a home directory" : `contains the home directory ${home}`;
    const secret = SECRET_DIRECTORIES.find((name) => isWithin(path, `${home}/${name}`));
    if (secret !== undefined) return `lies in ~/${secret}, where credentials or programs are`;
    if (WIDE_HOME_DIRECTORIES.some((name) => path === `${home}/${name}`)) return "holds the settings of other programs";
  }
  const place = own.find((top) => isWithin(path, top) || isWithin(top, path));
  return place === undefined ? undefined : `overlaps with ${place}, where sbx keeps its own state`;
}

/** Whether a name has a character that cannot be shown on one line. */
export function hasControlCharacter(path: string): boolean {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(path);
}
