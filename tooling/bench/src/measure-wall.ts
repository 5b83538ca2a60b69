import { copyFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchHost } from "./bench-host.ts";
import type { Rounds } from "./interleave.ts";
import { measureLine, type Line, type Reference } from "./line.ts";
import { startLoadServer } from "./load-server.ts";
import { runProgram } from "./run-program.ts";
import { startSquid } from "./squid.ts";

const LOAD = fileURLToPath(new URL("../load.ts", import.meta.url));
const PROGRAM = "load.ts";

const QUESTIONS = [
  { mode: "connect", title: "through the wall: name, connect and first byte", unit: "ms", better: "less" },
  { mode: "round-trip", title: "through the wall: round trip of one byte", unit: "µs", better: "less" },
  { mode: "bulk", title: "through the wall: bulk on one connection", unit: "MB/s", better: "more" },
] as const;

/** One load generator inside a sandbox and outside, against one server on this machine's loopback. */
export async function measureWall(host: BenchHost, rounds: Rounds): Promise<readonly Line[]> {
  await using server = await startLoadServer();
  await using squid = await startSquid();
  const cwd = host.workspace();
  copyFileSync(LOAD, path.join(cwd, PROGRAM));
  const { sandbox } = await host.client.createSandbox({ agent: "shell", workspace: cwd, allowHostPorts: [server.port] });
  const outside = async (args: readonly string[]): Promise<number> => numberOf(await runProgram(process.execPath, [PROGRAM, ...args], { cwd, env: host.env }));
  const port = String(server.port);
  const lines: Line[] = [];
  for (const { mode, ...rest } of QUESTIONS) {
    const proxied: Reference =
      squid === undefined ? { name: "squid CONNECT", missing: "squid is not installed" } : { name: "squid CONNECT", once: () => outside([mode, "localhost", port, String(squid.port)]) };
    lines.push(
      await measureLine(
        {
          ...rest,
          ours: { name: "sbx", once: async () => numberOf(await host.sbx(["exec", sandbox.name, "node", PROGRAM, mode, "host.docker.internal", port], cwd)) },
          references: [proxied, { name: "direct", once: () => outside([mode, "localhost", port]) }],
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
