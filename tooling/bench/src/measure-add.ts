import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import type { BenchHost } from "./bench-host.ts";
import { interleave, type Rounds, type Subject } from "./interleave.ts";
import type { Line } from "./line.ts";
import { openStdioSession } from "./mcp-client.ts";

const TITLE = "MCP mcp-add until its tools are listed";
/** A server of the built-in catalog that is a package of npm and reaches nothing. */
const PACKAGED = "sequentialthinking";
/** What the daemon notes of a package that it installed, as far as it is needed here. */
const Lock = z.object({ volume: z.string(), image: z.string(), programs: z.tuple([z.string()]) });
const Times = z.object({ first: z.number(), second: z.number() });
type Times = z.infer<typeof Times>;

const fileOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

interface MeasureAdd {
  readonly host: BenchHost;
  /** A sandbox that runs, and its image, which has Node. */
  readonly warm: { readonly name: string; readonly image: string; readonly cwd: string };
  readonly rounds: Rounds;
}

/** A server that sandboxes know by a name, one of its tools, and how a bare container of the same is run. */
interface Added {
  readonly what: string;
  readonly server: string;
  readonly tool: string;
  readonly bare: readonly string[];
}

/** From `mcp-add` in a sandbox until the tools of a server are listed, beside a bare container of the same: of one that is an image, and of one that is an installed package. */
export async function measureAdd({ host, warm, rounds }: MeasureAdd): Promise<readonly Line[]> {
  copyFileSync(fileOf("mcp-add.ts"), path.join(warm.cwd, "mcp-add.ts"));
  const image = await measureOne({ host, warm, rounds }, await anImage(host, warm));
  const added = await aPackage(host, warm.cwd);
  return [...image, ...("missing" in added ? [notThere(added.missing)] : await measureOne({ host, warm, rounds }, added))];
}

async function anImage(host: BenchHost, warm: MeasureAdd["warm"]): Promise<Added> {
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
  return { what: "an image", server: "bench", tool: "echo", bare: [warm.image, ...command] };
}

/** A server of the built-in catalog, installed from its registry, or why it could not be. */
async function aPackage(host: BenchHost, cwd: string): Promise<Added | { readonly missing: string }> {
  try {
    await host.sbx(["mcp", "server", "enable", PACKAGED], cwd);
    await host.sbx(["mcp", "server", "disable", PACKAGED], cwd);
  } catch (error) {
    return { missing: `it could not be installed: ${String(error).slice(-200)}` };
  }
  const directory = path.join(host.stateDirectory, "mcp", "locks");
  const [lock = ""] = readdirSync(directory);
  const {
    volume,
    image,
    programs: [program],
  } = Lock.parse(JSON.parse(readFileSync(path.join(directory, lock), "utf8")));
  return { what: "an npm package", server: PACKAGED, tool: PACKAGED, bare: ["-v", `${volume}:/opt/mcp:ro`, image, `/opt/mcp/node_modules/.bin/${program}`] };
}

async function measureOne({ host, warm, rounds }: MeasureAdd, { what, server, tool, bare }: Added): Promise<readonly Line[]> {
  const ours: Subject<Times> = {
    name: "sbx",
    once: async () => Times.parse(JSON.parse(await host.sbx(["exec", warm.name, "node", "mcp-add.ts", server, tool], warm.cwd))),
  };
  const reference: Subject<Times> = {
    name: "docker run, initialize",
    once: async () => {
      const ms = await bareContainer(["run", "--rm", "-i", "--network", "none", ...bare], { env: host.env, tool });
      return { first: ms, second: ms };
    },
  };
  const [mine = [], theirs = []] = await interleave([ours, reference], rounds);
  const line = (title: string, pick: (times: Times) => number): Line => ({
    title: `${TITLE}, ${what}: ${title}`,
    unit: "ms",
    better: "less",
    ours: { name: "sbx", samples: mine.map(pick) },
    references: [{ name: reference.name, samples: theirs.map(pick) }],
  });
  return [line("one that does not run", ({ first }) => first), line("one that another session added", ({ second }) => second)];
}

function notThere(missing: string): Line {
  return { title: `${TITLE}, an npm package`, unit: "ms", better: "less", ours: { name: "sbx", missing }, references: [] };
}

async function bareContainer(args: readonly string[], { env, tool }: { readonly env: BenchHost["env"]; readonly tool: string }): Promise<number> {
  const began = performance.now();
  const child = spawn("docker", args, { stdio: ["pipe", "pipe", "ignore"], env });
  const ended = once(child, "close");
  const client = await Promise.race([openStdioSession(child), ended.then(() => undefined)]);
  if (client === undefined) throw new Error(`docker ${args.join(" ").slice(0, 500)} ended before it spoke`);
  if (!(await client.ask("tools/list", {})).includes(`"${tool}"`)) throw new Error("the container lists no tools");
  const taken = performance.now() - began;
  child.stdin.end();
  await ended;
  return taken;
}
