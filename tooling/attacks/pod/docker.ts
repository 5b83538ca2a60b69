import { execFile, spawn, type ChildProcess } from "node:child_process";
import { promisify } from "node:util";
import type { ContainerSpec } from "@sbx/core";

const execute = promisify(execFile);

/** Run the engine's own client; its output, trimmed. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute("docker", [...args], { maxBuffer: 16 << 20 });
  return stdout.trim();
}

/** Create and start a container from a spec, as an engine adapter would. */
export async function startContainer(spec: ContainerSpec): Promise<string> {
  const id = await docker("create", ...flags(spec), spec.image, ...spec.command.slice(1));
  await docker("start", id);
  return id;
}

function flags({ name, command, env, labels, user, workdir, mounts, network, capabilities, readonlyRoot, limits }: ContainerSpec): string[] {
  const list = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value]);
  return [
    ...["--name", name, "--user", user, "--workdir", workdir, "--entrypoint", command[0] ?? "", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    ...["--pids-limit", String(limits.pids), ...(limits.memoryBytes === undefined ? [] : ["--memory", String(limits.memoryBytes)])],
    ...list("--cap-add", capabilities),
    ...list("--env", Object.entries(env).map(([key, value]) => `${key}=${value}`)),
    ...list("--label", Object.entries(labels).map(([key, value]) => `${key}=${value}`)),
    ...mounts.flatMap((mount) => (mount.kind === "bind" ? ["--volume", `${mount.source}:${mount.target}${mount.readonly ? ":ro" : ""}`] : [])),
    ...(readonlyRoot ? ["--read-only"] : []),
    ...(network.kind === "join"
      ? ["--network", `container:${network.container}`]
      : [
          ...["--network", "none", "--hostname", network.hostname],
          ...list("--sysctl", Object.entries(network.sysctls).map(([key, value]) => `${key}=${value}`)),
          ...list("--dns", network.dns),
          ...list("--dns-search", network.dnsSearch),
          ...list("--dns-option", network.dnsOptions),
        ]),
  ];
}

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Run a program in a container with `input` on its stdin. Ends it after `timeoutMs`, with code 124. */
export async function runIn(container: string, command: readonly string[], { user, input = "", timeoutMs = 30_000 }: { readonly user?: string; readonly input?: string; readonly timeoutMs?: number } = {}): Promise<Outcome> {
  const child = spawnIn(container, ["timeout", "-k", "1", String(Math.ceil(timeoutMs / 1000)), ...command], user);
  let out = "";
  let error = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (error += text));
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(input);
  const code = await new Promise<number>((resolve) => child.once("close", (status) => resolve(status ?? 1)));
  return { code, out: out.trim(), error: error.trim() };
}

/** Start a program in a container and leave it running. */
export function spawnIn(container: string, command: readonly string[], user?: string): ChildProcess {
  return spawn("docker", ["exec", "-i", ...(user === undefined ? [] : ["--user", user]), container, ...command], { stdio: "pipe" });
}
