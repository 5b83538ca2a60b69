import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Environment } from "./host-trust.ts";

const run = promisify(execFile);
const TIMEOUT_MS = 10_000;

/**
 * Ask npm or pip of this host where it gets packages from; `undefined` where it says nothing, or what nobody else can use.
 *
 * An address on the host's loopback is left out, no container could reach it; so is one that carries a credential, which
 * whatever is installed could read. No answer counts as no setting.
 */
export async function packageIndex(kind: "npm" | "pypi", env: Environment, signal: AbortSignal): Promise<string | undefined> {
  return kind === "npm" ? await npmRegistry(env, signal) : await pipIndex(env, signal);
}

/** The registry of this host's npm. */
export async function npmRegistry(env: Environment, signal: AbortSignal): Promise<string | undefined> {
  return plainAddress(await ask(["npm", "config", "get", "registry"], env, signal));
}

/** The index of this host's pip. */
export async function pipIndex(env: Environment, signal: AbortSignal): Promise<string | undefined> {
  const answer = await ask(["python3", "-m", "pip", "--disable-pip-version-check", "config", "list"], env, signal);
  const settings = new Map([...answer.matchAll(/^(\S+)\.index-url=(.*)$/gm)].map(([, section = "", value = ""]) => [section, value.replace(/^(['"])(.*)\1$/, "$2")]));
  return plainAddress(settings.get(":env:") ?? settings.get("install") ?? settings.get("global") ?? "");
}

/** What a program of this host says. Not where the daemon was started: a repository's own settings are nobody's for this host. */
async function ask([program = "", ...args]: readonly string[], env: Environment, signal: AbortSignal): Promise<string> {
  const answer = await run(program, args, { cwd: "/", env, signal, timeout: TIMEOUT_MS }).then(
    ({ stdout }) => stdout.trim(),
    () => "",
  );
  signal.throwIfAborted();
  return answer;
}

function plainAddress(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") return undefined;
  return isLoopback(url.hostname) ? undefined : url.href;
}

/** Whether a host name of a URL is this machine whatever a resolver says. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
