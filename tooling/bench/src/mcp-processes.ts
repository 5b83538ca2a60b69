import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DAEMON_FLAGS } from "@sbx/core/client";
import { build } from "esbuild";
import { bundleOptions } from "../../build/bundle-options.ts";
import { openHttpSession, openStdioSession, type McpClient } from "./mcp-client.ts";
import { freePort } from "./free-port.ts";

const SERVER = fileURLToPath(new URL("../mcp-server.ts", import.meta.url));
const GATEWAY = fileURLToPath(new URL("../mcp-gateway.ts", import.meta.url));
const BUNDLE = fileURLToPath(new URL("../node_modules/.cache/bundle", import.meta.url));
const START_MS = 30_000;

/** What a gateway's process says of itself: its memory in bytes now, the most it had, and how many servers it started. */
export interface GatewayFacts {
  readonly now: number;
  readonly most: number;
  readonly started: number;
}

/** Our gateway in a process of its own. */
export interface GatewayProcess extends AsyncDisposable {
  readonly port: number;
  facts(): Promise<GatewayFacts>;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

async function end(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "close");
  child.kill("SIGKILL");
  await ended;
}

interface GatewayOptions {
  readonly servers?: number;
  /** Of each server. */
  readonly tools?: number;
  /** Of the catalog. */
  readonly entries?: number;
  /** Where lists are kept that outlive the process. */
  readonly lists?: string;
}

/** Put the gateway's sources together as the daemon's are, so that its process holds what the daemon's does, and no compiler. */
async function makeGateway(): Promise<string> {
  await build(bundleOptions({ entry: GATEWAY, output: BUNDLE }));
  return path.join(BUNDLE, "mcp-gateway.mjs");
}

/** Start our gateway before such servers. */
export async function startGateway({ servers = 1, tools = 1, entries = 0, lists }: GatewayOptions): Promise<GatewayProcess> {
  const args = [SERVER, ...[servers, tools, entries].map(String), ...(lists === undefined ? [] : [lists])];
  const child = spawn(process.execPath, [...DAEMON_FLAGS, await makeGateway(), ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the gateway ended");
    return value;
  };
  const port = Number(await line());
  return {
    port,
    async facts() {
      child.stdin.write("\n");
      return JSON.parse(await line()) as GatewayFacts;
    },
    async [Symbol.asyncDispose]() {
      // It ends its servers itself.
      const ended = once(child, "close");
      child.stdin.end();
      await ended;
    },
  };
}

/** A client with the processes it needs. */
export interface Peer extends AsyncDisposable {
  readonly client: McpClient;
}

/** The server alone, on its standard streams. */
export async function startDirect(): Promise<Peer> {
  const child = spawn(process.execPath, [SERVER, "1"], { stdio: ["pipe", "pipe", "inherit"] });
  return { client: await openStdioSession(child), [Symbol.asyncDispose]: () => end(child) };
}

/** Programs that put a server on standard streams behind HTTP, as their makers start them. */
export const NPM_GATEWAYS = [
  {
    program: "supergateway",
    install: "npm install -g supergateway@4",
    args: (port: number) => ["--stdio", `${process.execPath} ${SERVER} 1`, "--outputTransport", "streamableHttp", "--stateful", "--logLevel", "none", "--port", String(port)],
  },
  { program: "mcp-proxy", install: "npm install -g mcp-proxy@6", args: (port: number) => ["--host", "127.0.0.1", "--port", String(port), "--server", "stream", "--", process.execPath, SERVER, "1"] },
] as const;

/** Start one of them. `undefined` where it is not installed. */
export async function startNpmGateway({ program, args }: (typeof NPM_GATEWAYS)[number], connections: number): Promise<Peer | undefined> {
  const found = (process.env["PATH"] ?? "")
    .split(path.delimiter)
    .map((directory) => path.join(directory, program))
    .find(isProgram);
  if (found === undefined) return undefined;
  const port = await freePort();
  const child = spawn(process.execPath, [found, ...args(port)], { stdio: ["pipe", "pipe", "ignore"], detached: true });
  child.stdout.resume();
  const stop = async (): Promise<void> => {
    const ended = once(child, "close");
    // With the servers that it started.
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await ended;
  };
  for (const until = performance.now() + START_MS; performance.now() < until && child.exitCode === null; await sleep(100)) {
    const client = await openHttpSession(port, connections).catch(() => undefined);
    if (client !== undefined) return { client, [Symbol.asyncDispose]: stop };
  }
  await stop();
  throw new Error(`${program} does not answer`);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
