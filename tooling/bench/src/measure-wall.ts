import { copyFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchHost } from "./bench-host.ts";
import type { Rounds } from "./interleave.ts";
import { measureLine, type Line, type Reference } from "./line.ts";
import { startLoadServer } from "./load-server.ts";
import { runProgram } from "./run-program.ts";
import { startProxy, type Proxy } from "./start-proxy.ts";

const LOAD = fileURLToPath(new URL("../load.ts", import.meta.url));
const PROGRAM = "load.ts";

const QUESTIONS = [
  { mode: "connect", title: "through the wall: name, connect and first byte", unit: "ms", better: "less" },
  { mode: "connections", title: "through the wall: new connections, 8 at a time", unit: "/s", better: "more" },
  { mode: "round-trip", title: "through the wall: round trip of one byte, 1 connection, p50", unit: "µs", better: "less" },
  { mode: "round-trip-p99", title: "through the wall: round trip of one byte, 1 connection, p99", unit: "µs", better: "less" },
  { mode: "round-trip-64", title: "through the wall: round trip of one byte, 64 connections, p50", unit: "µs", better: "less" },
  { mode: "round-trip-64-p99", title: "through the wall: round trip of one byte, 64 connections, p99", unit: "µs", better: "less" },
  { mode: "bulk", title: "through the wall: bulk on 1 connection", unit: "MB/s", better: "more" },
  { mode: "bulk-8", title: "through the wall: bulk on 8 connections", unit: "MB/s", better: "more" },
] as const;

/** One load generator inside a sandbox and outside, against one server on this machine's loopback. */
export async function measureWall(host: BenchHost, rounds: Rounds): Promise<readonly Line[]> {
  await using server = await startLoadServer();
  await using squid = await startProxy("squid");
  await using tinyproxy = await startProxy("tinyproxy");
  const cwd = host.workspace();
  copyFileSync(LOAD, path.join(cwd, PROGRAM));
  const { sandbox } = await host.client.createSandbox({ agent: "shell", workspace: cwd, allowHostPorts: [server.port] });
  const outside = async (args: readonly string[]): Promise<number> => numberOf(await runProgram(process.execPath, [PROGRAM, ...args], { cwd, env: host.env }));
  const port = String(server.port);
  const by = (name: string, proxy: Proxy | undefined, mode: string): Reference =>
    proxy === undefined ? { name: `${name} CONNECT`, missing: `${name} is not installed` } : { name: `${name} CONNECT`, once: () => outside([mode, "localhost", port, String(proxy.port)]) };
  const lines: Line[] = [];
  for (const { mode, ...rest } of QUESTIONS) {
    lines.push(
      await measureLine(
        {
          ...rest,
          ours: { name: "sbx", once: async () => numberOf(await host.sbx(["exec", sandbox.name, "node", PROGRAM, mode, "host.docker.internal", port], cwd)) },
          references: [by("squid", squid, mode), by("tinyproxy", tinyproxy, mode), { name: "direct", once: () => outside([mode, "localhost", port]) }],
        },
        rounds,
      ),
    );
  }
  await host.client.removeSandbox({ sandbox: sandbox.id, force: "true" });
  return lines;
}

function numberOf(output: string): number {
  const value = Number(output.trim());
  if (output.trim() === "" || !Number.isFinite(value)) throw new Error(`the load generator printed "${output}"`);
  return value;
}
