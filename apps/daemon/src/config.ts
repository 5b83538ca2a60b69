import { createHash } from "node:crypto";
import { homedir } from "node:os";
import path from "node:path";
import { AppError, type DaemonBeside } from "@sbx/contracts";
import { readBeside } from "./beside/beside-environment.ts";

/** Where a daemon keeps its things, and what it takes from its environment. Read once, at the start. */
export interface DaemonConfig {
  readonly stateDirectory: string;
  readonly configDirectory: string;
  readonly socketPath: string;
  /** Value of the `dev.sbx.owner` label: tells this daemon's containers from another's. */
  readonly owner: string;
  readonly uid: number;
  readonly home: string;
  /** How long a sandbox without a session goes on running, in milliseconds. */
  readonly idleStopMs: number;
  /** Whether what the next sandbox, server or container begins with is made before anybody asks for it. */
  readonly keepReady: boolean;
  /** How long one hook of a Kit may run, in milliseconds. */
  readonly hookLimitMs: number;
  /** Where the key of a new vault goes: the OS keychain where one answers and else a file (`auto`), or always one of the two. */
  readonly vaultKey: "auto" | "keychain" | "file";
  /** Where it runs, for one that its caller's machine started beside the engine. */
  readonly beside: DaemonBeside | undefined;
  /** The environment for finding the engine and the model keys; nothing else reads it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Read the configuration from an environment. @throws AppError `CONFIG_INVALID` when a path or a number is none. */
export function loadConfig(environment: Environment, uid: number): DaemonConfig {
  const home = environment["HOME"] ?? homedir();
  const stateDirectory = directory(environment, "SBX_STATE_DIR", usualStateDirectory(environment));
  if (Buffer.byteLength(stateDirectory) > LONGEST_STATE_DIRECTORY) {
    throw new AppError("CONFIG_INVALID", {
      message: `The state directory "${stateDirectory}" is longer than ${LONGEST_STATE_DIRECTORY} bytes, too long for the sockets in it`,
      fix: "Set SBX_STATE_DIR to a shorter path.",
    });
  }
  const configDirectory = directory(environment, "SBX_CONFIG_DIR", path.join(environment["XDG_CONFIG_HOME"] ?? path.join(home, ".config"), "sbx"));
  return {
    stateDirectory,
    configDirectory,
    socketPath: path.join(stateDirectory, "sbxd.sock"),
    owner: `${uid}:${createHash("sha256").update(stateDirectory).digest("hex").slice(0, 12)}`,
    uid,
    home,
    idleStopMs: milliseconds(environment, "SBX_IDLE_STOP_MS", 60_000),
    keepReady: keepReady(environment["SBX_KEEP_READY"]),
    hookLimitMs: milliseconds(environment, "SBX_HOOK_LIMIT_MS", 15 * 60_000),
    vaultKey: vaultKey(environment["SBX_VAULT_KEY"]),
    beside: readBeside(environment),
    environment,
  };
}

function usualStateDirectory(environment: Environment): string {
  return path.join(environment["XDG_STATE_HOME"] ?? path.join(environment["HOME"] ?? homedir(), ".local/state"), "sbx");
}

/** Where whoever starts the daemon puts its log. Known before the configuration is read, which may fail and has to be logged. */
export function logFile(environment: Environment): string {
  return path.join(environment["SBX_STATE_DIR"] ?? usualStateDirectory(environment), "logs", "sbxd.log");
}

/** Where sandboxes, sessions and events are kept. */
export function databaseFile({ stateDirectory }: DaemonConfig): string {
  return path.join(stateDirectory, "sbx.db");
}

function directory(environment: Environment, name: string, fallback: string): string {
  const value = environment[name] ?? fallback;
  if (!path.isAbsolute(value)) throw new AppError("CONFIG_INVALID", { message: `${name} is "${value}", which is no absolute path`, fix: `Set ${name} to an absolute path, or unset it.` });
  return path.resolve(value);
}

/** A unix socket's address holds 107 bytes, and each sandbox's own lies deeper. */
const LONGEST_STATE_DIRECTORY = 107 - "/pods/sbx_00000000/gate.sock".length;

function keepReady(text: string | undefined): boolean {
  if (text === undefined || text === "" || text === "yes") return true;
  if (text === "no") return false;
  throw new AppError("CONFIG_INVALID", { message: `SBX_KEEP_READY is "${text}", and none of: yes, no`, fix: "Set SBX_KEEP_READY to one of them, or unset it." });
}

function vaultKey(text: string | undefined): DaemonConfig["vaultKey"] {
  if (text === undefined || text === "" || text === "auto") return "auto";
  if (text === "keychain" || text === "file") return text;
  throw new AppError("CONFIG_INVALID", { message: `SBX_VAULT_KEY is "${text}", and none of: auto, keychain, file`, fix: "Set SBX_VAULT_KEY to one of them, or unset it." });
}

function milliseconds(environment: Environment, name: string, fallback: number): number {
  const text = environment[name];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new AppError("CONFIG_INVALID", { message: `${name} is "${text}", which is no whole number of milliseconds`, fix: `Set ${name} to a number such as ${fallback}, or unset it.` });
  return value;
}
