import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import type { BenchHost } from "./bench-host.ts";
import { interleave, type Rounds, type Subject } from "./interleave.ts";
import type { Line } from "./line.ts";
import { openStdioSession } from "./mcp-client.ts";

const Times = z.object({ first: z.number(), second: z.number() });
type Times = z.infer<typeof Times>;

const fileOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

interface MeasureAdd {
  readonly host: BenchHost;
  /** A sandbox that runs, and its image, which has Node. */
  readonly warm: { readonly name: string; readonly image: string; readonly cwd: string };
  readonly rounds: Rounds;
}

/** From `mcp-add` in a sandbox until the tools of a server that is an image are listed, beside a bare container of the same. */
export async function measureAdd({ host, warm, rounds }: MeasureAdd): Promise<readonly Line[]> {
  const command = ["node", "--input-type=module-typescript", "-e", readFileSync(fileOf("mcp-server.ts"), "utf8")];
  const catalog = path.join(warm.cwd, "catalog.yaml");
  writeFileSync(
    catalog,
    JSON.stringify({
      version: 1,
      name: "bench",
      title: "Bench",
      servers: [{ name: "bench", title: "Bench", description: "Says what it is told", source: { kind: "image", image: warm.image }, command }],
    }),
  );
  await host.sbx(["mcp", "catalog", "import", catalog], warm.cwd);
  await host.sbx(["mcp", "server", "allow", "bench"], warm.cwd);
  copyFileSync(fileOf("mcp-add.ts"), path.join(warm.cwd, "mcp-add.ts"));
  const ours: Subject<Times> = {
    name: "sbx",
    once: async () => Times.parse(JSON.parse(await host.sbx(["exec", warm.name, "node", "mcp-add.ts"], warm.cwd))),
  };
  const reference: Subject<Times> = {
    name: "docker run, initialize",
    once: async () => {
      const ms = await bareContainer(["run", "--rm", "-i", "--network", "none", warm.image, ...command], host.env);
      return { first: ms, second: ms };
    },
  };
  const [mine = [], theirs = []] = await interleave([ours, reference], rounds);
  const line = (title: string, pick: (times: Times) => number): Line => ({
    title: `MCP mcp-add until its tools are listed: ${title}`,
    unit: "ms",
    better: "less",
    ours: { name: "sbx", samples: mine.map(pick) },
    references: [{ name: reference.name, samples: theirs.map(pick) }],
  });
  return [line("a server that does not run", ({ first }) => first), line("one that another session added", ({ second }) => second)];
}

async function bareContainer(args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const began = performance.now();
  const child = spawn("docker", args, { stdio: ["pipe", "pipe", "inherit"], env });
  const client = await openStdioSession(child);
  if (!(await client.ask("tools/list", {})).includes('"echo"')) throw new Error("the container lists no tools");
  const taken = performance.now() - began;
  const ended = once(child, "close");
  child.stdin.end();
  await ended;
  return taken;
}
