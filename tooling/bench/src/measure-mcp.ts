import { existsSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { interleave, type Rounds, type Subject } from "./interleave.ts";
import { measureLine, type Line, type Series } from "./line.ts";
import { openHttpSession, type McpClient } from "./mcp-client.ts";
import { loadCalls, type LoadResult } from "./mcp-load.ts";
import { NPM_GATEWAYS, startDirect, startGateway, startNpmGateway } from "./mcp-processes.ts";
import { quantile } from "./statistics.ts";

const AT_ONCE = 64;
const CALLS = 2000;
const ENTRIES = 5000;
const SEARCHES = 50;
const SERVERS = 30;
const TOOLS_EACH = 10;
const SESSIONS = 200;
const TOOLS = 1000;
const MIB = 1 << 20;
const LARGE_MIB = 100;
/** In a row: what a process keeps of each would show. */
const LARGE_RESULTS = 20;

/** Answer the questions about the gateway for MCP servers; they need no container engine. */
export async function measureMcp(rounds: Rounds): Promise<readonly Line[]> {
  return [...(await measureCalls(rounds, 1)), ...(await measureCalls(rounds, AT_ONCE)), await measureFind(rounds), await measureReady(rounds), ...(await measureWeight())];
}

/** Calls of one small tool, so many at a time, over streamable HTTP to a server on standard streams. */
async function measureCalls(rounds: Rounds, atOnce: number): Promise<readonly Line[]> {
  await using stack = new AsyncDisposableStack();
  const gateway = stack.use(await startGateway({}));
  const ours = subjectOf("sbx", stack.use(await openHttpSession(gateway.port, atOnce)), atOnce);
  const references: (Subject<LoadResult> | { readonly name: string; readonly missing: string })[] = [subjectOf("the server itself, on its streams", stack.use(await startDirect()).client, atOnce)];
  for (const peer of NPM_GATEWAYS) {
    const started = await startNpmGateway(peer, atOnce);
    references.push(started === undefined ? { name: peer.program, missing: `not installed; ${peer.install}` } : subjectOf(peer.program, stack.use(started).client, atOnce));
  }
  const there = references.filter((reference) => "once" in reference);
  const [mine = [], ...others] = await interleave([ours, ...there], rounds);
  const line = (rest: Pick<Line, "title" | "unit" | "better">, pick: (result: LoadResult) => number): Line => ({
    ...rest,
    ours: { name: "sbx", samples: mine.map(pick) },
    references: references.map((reference): Series => ("once" in reference ? { name: reference.name, samples: (others[there.indexOf(reference)] ?? []).map(pick) } : reference)),
  });
  references.push({ name: "docker/mcp-gateway", missing: "it starts servers as containers of images alone" });
  const title = `MCP tools/call, ${atOnce === 1 ? "one" : atOnce} at a time`;
  return [
    line({ title: `${title}: median`, unit: "ms", better: "less" }, ({ medianMs }) => medianMs),
    line({ title: `${title}: 99 of 100 within`, unit: "ms", better: "less" }, ({ p99Ms }) => p99Ms),
    ...(atOnce === 1 ? [] : [line({ title: `${title}: rate`, unit: "/s", better: "more" }, ({ perSecond }) => perSecond)]),
  ];
}

function subjectOf(name: string, client: McpClient, atOnce: number): Subject<LoadResult> {
  return { name, once: async () => loadCalls(client, { calls: CALLS, atOnce }) };
}

async function measureFind(rounds: Rounds): Promise<Line> {
  await using gateway = await startGateway({ entries: ENTRIES });
  using client = await openHttpSession(gateway.port, 1);
  const once = async (): Promise<number> => {
    const times: number[] = [];
    for (let at = 0; at < SEARCHES; at += 1) {
      const began = performance.now();
      const answer = await client.ask("tools/call", { name: "mcp-find", arguments: { query: ["send message to channel", "databse querry", "page number 4711", "cloud bucket"][at % 4] } });
      times.push(performance.now() - began);
      if (!answer.includes("total_matches") || answer.includes('\\"total_matches\\":0')) throw new Error(`mcp-find answered with ${answer.slice(0, 200)}`);
    }
    return quantile(times, 0.5);
  };
  return await measureLine({ title: `MCP mcp-find among ${ENTRIES} servers`, unit: "ms", better: "less", ours: { name: "sbx", once }, references: [] }, rounds);
}

/**
 * From when a gateway listens until a new session has listed the tools of all its servers: with what an earlier process kept
 * of them, and when all have to be started to be asked.
 */
async function measureReady(rounds: Rounds): Promise<Line> {
  const directory = mkdtempSync("/tmp/sbx-bench-lists-");
  const kept = path.join(directory, "lists");
  try {
    await ready(kept);
    return await measureLine(
      {
        title: `MCP gateway ready with ${SERVERS} servers, a new process`,
        unit: "ms",
        better: "less",
        ours: { name: "sbx", once: async () => ready(kept) },
        references: [
          { name: "the same, starting all", once: async () => ready() },
          { name: "docker/mcp-gateway", missing: "it starts servers as containers of images alone" },
        ],
      },
      { ...rounds, rounds: Math.min(rounds.rounds, 5) },
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function ready(kept?: string): Promise<number> {
  const hadLists = kept !== undefined && existsSync(kept);
  await using gateway = await startGateway({ servers: SERVERS, tools: TOOLS_EACH, ...(kept === undefined ? {} : { lists: kept }) });
  const began = performance.now();
  using client = await openHttpSession(gateway.port, 1);
  checkTools(await client.ask("tools/list", {}), SERVERS * TOOLS_EACH);
  const taken = performance.now() - began;
  const { started } = await gateway.facts();
  if (started !== (hadLists ? 0 : SERVERS)) throw new Error(`${started} servers were started`);
  return taken;
}

function checkTools(answer: string, expected: number): void {
  const found = answer.split('"inputSchema"').length - 1;
  if (found < expected) throw new Error(`${found} tools were listed instead of ${expected}`);
}

/** Memory of the gateway's process, once: it does not shrink again. */
async function measureWeight(): Promise<readonly Line[]> {
  await using gateway = await startGateway({ tools: TOOLS });
  using stack = new DisposableStack();
  const first = stack.use(await openHttpSession(gateway.port, 1));
  checkTools(await first.ask("tools/list", {}), TOOLS);
  const alone = (await gateway.facts()).now;
  for (let at = 1; at < SESSIONS; at += 1) checkTools(await stack.use(await openHttpSession(gateway.port, 1)).ask("tools/list", {}), TOOLS);
  const full = (await gateway.facts()).now;
  const pass = async (): Promise<number> => {
    const passed = await first.ask("tools/call", { name: "big", arguments: { bytes: LARGE_MIB * MIB } });
    if (passed.length < LARGE_MIB * MIB) throw new Error(`a result of ${LARGE_MIB} MiB came as ${passed.length} bytes: ${passed.slice(0, 200)}`);
    return (await gateway.facts()).most;
  };
  const most = await pass();
  let mostOfMany = most;
  for (let at = 1; at < LARGE_RESULTS; at += 1) mostOfMany = await pass();
  const line = (title: string, bytes: number, reference: number, name: string): Line => ({
    title: `MCP gateway, resident: ${title}`,
    unit: "MiB",
    better: "less",
    ours: { name: "sbx", samples: [bytes / MIB] },
    references: [{ name, samples: [reference / MIB] }],
  });
  return [
    line(`${SESSIONS} sessions of ${TOOLS} tools`, full, alone, "one session"),
    line(`most, with a result of ${LARGE_MIB} MiB passed on`, most, full, "before"),
    line(`most, with ${LARGE_RESULTS} such results, one after the other`, mostOfMany, most, "the first"),
  ];
}
