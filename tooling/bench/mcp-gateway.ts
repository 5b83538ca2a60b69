// Our gateway in a process of its own, before servers that are child processes: what is measured is the gateway and no pod.
// Usage: node mcp-gateway.mjs SERVER SERVERS TOOLS ENTRIES [LISTS]; prints its port. SERVER is the program of its servers. Lists of
// tools are kept in the directory LISTS, or in memory. A line on standard input asks for its memory, in bytes, and for how many
// servers were started.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createServerIndex } from "@sbx/catalog";
import { ServerEntry } from "@sbx/contracts";
import { createGateway, createInterceptors, startHttpGateway, type RunningServer } from "@sbx/mcp-gateway";
import { keepHeapSmall } from "../../apps/daemon/src/keep-heap-small.ts";
import { ListFiles } from "../../apps/daemon/src/mcp/store/list-files.ts";

const [server = "", ...args] = process.argv.slice(2);
const [servers = 1, tools = 1, entries = 0] = args.slice(0, 3).map(Number);
const directory = args[3];
let started = 0;
const onFault = (error: unknown): void => {
  process.stderr.write(`fault of the gateway: ${String(error)}\n`);
};
const WORDS = "page issue file query table chart message channel ticket cloud bucket queue search browser design payment invoice calendar mail note".split(" ");

async function start(): Promise<RunningServer> {
  started += 1;
  const child = spawn(process.execPath, [server, String(tools)], { stdio: "pipe" });
  await once(child, "spawn");
  const exit = once(child, "exit").then(([code]) => (typeof code === "number" ? code : 1));
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exit,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await exit;
    },
  };
}

function anEntry(at: number): ServerEntry {
  const words = [1, 3, 7, 11].map((step) => WORDS[(at * step + step) % WORDS.length]).join(" ");
  const source = { kind: "image", image: `example/s${at}@sha256:${"0".repeat(64)}` };
  return ServerEntry.parse({ name: `s${at}`, title: `Server ${at}`, description: `Works with ${words} number ${at}.`, source, ...(servers > 1 ? { prefix: `s${at}` } : {}) });
}

const all = Array.from({ length: Math.max(servers, entries) }, (_, at) => anEntry(at));
const index = createServerIndex(all);
const enabled = all.slice(0, servers).map(({ name }) => ({ name, config: {} }));
const lists = directory === undefined ? undefined : new ListFiles({ directory, clean: (said) => said, onFault });
const gateway = createGateway({
  ...(lists === undefined ? {} : { lists }),
  catalog: { find: index.find, search: (query) => index.search(query, { limit: 100 }), configProblems: () => [] },
  policy: { judge: () => ({ effect: "allow" }), agree: () => undefined, missingSecrets: async () => await Promise.resolve([]) },
  state: { servers: () => enabled, put: () => undefined, forget: () => undefined, profile: () => undefined, putProfile: () => undefined },
  runner: { start },
  remote: { connect: async () => await Promise.reject(new Error("the servers are local")) },
  record: () => undefined,
  onFault,
  // As a person has it without any flag.
  interceptors: createInterceptors({ blockSecrets: true, logCalls: () => undefined, env: {} }),
  limits: { sessionsPerScope: 512 },
});
const listener = await startHttpGateway({ gateway, host: "127.0.0.1", port: 0, token: () => undefined, allowUnauthenticated: true });
keepHeapSmall();
console.log(listener.port);

const sizeOf = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? Number.NaN) * 1024;
const input = createInterface({ input: process.stdin });
input.on("line", () => {
  console.log(JSON.stringify({ now: sizeOf("VmRSS"), most: sizeOf("VmHWM"), started }));
});
await once(input, "close");
await listener[Symbol.asyncDispose]();
await gateway[Symbol.asyncDispose]();
await lists?.[Symbol.asyncDispose]();
