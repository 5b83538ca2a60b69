import { openBenchHost, type BenchHost } from "./bench-host.ts";
import type { Line } from "./line.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { measureAdd } from "./measure-add.ts";
import { measureCrowd } from "./measure-crowd.ts";
import { measureDocker } from "./measure-docker.ts";
import { measureExecs } from "./measure-execs.ts";
import { measureMcp } from "./measure-mcp.ts";
import { measureGuardMemory, measureMemory } from "./measure-memory.ts";
import { measureSdk } from "./measure-sdk.ts";
import { measureFresh, measureVersion } from "./measure-starts.ts";
import { measureWall } from "./measure-wall.ts";

/** No question may take longer than this, whatever the rounds. */
const BUDGET_MS = 90_000;

export interface Bench {
  readonly machine: Machine;
  readonly lines: readonly Line[];
}

/** Answer every question of the bench in so many rounds each. `tell` hears what is measured now. */
export async function runBench(wanted: number, tell: (text: string) => void): Promise<Bench> {
  const rounds = { rounds: wanted, budgetMs: BUDGET_MS, now: () => performance.now() };
  await using host = await openBenchHost();
  tell("making images, where they are not there yet");
  const warm = await startWarm(host);
  const machine = describeMachine(await engineName(host));
  tell("memory");
  const memory = [...(await measureMemory()), await measureGuardMemory(host.engineSocket, host)];
  tell("many sandboxes");
  const crowd = await measureCrowd();
  tell("fresh sandboxes");
  const version = await measureVersion(host, rounds);
  const fresh = await measureFresh(host, warm.image, rounds);
  tell("commands in a sandbox that runs");
  const execs = await measureExecs({ host, warm, rounds });
  tell("the SDK");
  const sdk = await measureSdk({ host, warm, rounds });
  tell("MCP servers in pods");
  const adds = await measureAdd({ host, warm, rounds });
  tell("the Docker API of sandboxes");
  const docker = await measureDocker({ host, image: warm.image, rounds });
  tell("the wall");
  const wall = await measureWall(host, rounds);
  tell("the gateway for MCP servers");
  const mcp = await measureMcp(rounds);
  return { machine, lines: [version, fresh, ...execs, ...sdk, ...crowd, ...wall, ...docker, ...memory, ...adds, ...mcp] };
}

async function startWarm(host: BenchHost): Promise<{ readonly name: string; readonly workload: string; readonly image: string; readonly cwd: string }> {
  const cwd = host.workspace();
  const { sandbox } = await host.client.createSandbox({ agent: "shell", workspace: cwd });
  const { id, image } = await host.engine.containerOf(sandbox.id, "workload");
  return { name: sandbox.name, workload: id, image, cwd };
}

/** Answer the questions about commands, as they are typed, alone. */
export async function runCommandsBench(wanted: number, tell: (text: string) => void): Promise<Bench> {
  const rounds = { rounds: wanted, budgetMs: BUDGET_MS, now: () => performance.now() };
  await using host = await openBenchHost();
  tell("making images, where they are not there yet");
  const warm = await startWarm(host);
  const machine = describeMachine(await engineName(host));
  tell("commands");
  return { machine, lines: [await measureVersion(host, rounds), await measureFresh(host, warm.image, rounds), ...(await measureExecs({ host, warm, rounds }))] };
}

/** Answer the questions about the SDK alone. */
export async function runSdkBench(wanted: number, tell: (text: string) => void): Promise<Bench> {
  const rounds = { rounds: wanted, budgetMs: BUDGET_MS, now: () => performance.now() };
  await using host = await openBenchHost();
  tell("making images, where they are not there yet");
  const warm = await startWarm(host);
  const machine = describeMachine(await engineName(host));
  tell("the SDK");
  return { machine, lines: await measureSdk({ host, warm, rounds }) };
}

/** Answer the questions about the wall alone. */
export async function runWallBench(wanted: number, tell: (text: string) => void): Promise<Bench> {
  await using host = await openBenchHost();
  const machine = describeMachine(await engineName(host));
  tell("the wall");
  return { machine, lines: await measureWall(host, { rounds: wanted, budgetMs: BUDGET_MS, now: () => performance.now() }) };
}

/** Answer the questions about the Docker API of sandboxes alone. */
export async function runDockerBench(wanted: number, tell: (text: string) => void): Promise<Bench> {
  const rounds = { rounds: wanted, budgetMs: BUDGET_MS, now: () => performance.now() };
  await using host = await openBenchHost();
  tell("making images, where they are not there yet");
  const { image } = await startWarm(host);
  const machine = describeMachine(await engineName(host));
  tell("memory of Docker APIs");
  const memory = await measureGuardMemory(host.engineSocket, host);
  tell("the Docker API of sandboxes");
  return { machine, lines: [...(await measureDocker({ host, image, rounds })), memory] };
}

/** Answer the questions about MCP servers in containers alone. */
export async function runServersBench(wanted: number, tell: (text: string) => void): Promise<Bench> {
  const rounds = { rounds: wanted, budgetMs: BUDGET_MS, now: () => performance.now() };
  await using host = await openBenchHost();
  tell("making images, where they are not there yet");
  const warm = await startWarm(host);
  const machine = describeMachine(await engineName(host));
  tell("MCP servers in containers");
  return { machine, lines: await measureAdd({ host, warm, rounds }) };
}

/** Answer the questions about the gateway for MCP servers alone, which need no container engine. */
export async function runMcpBench(wanted: number, tell: (text: string) => void): Promise<Bench> {
  tell("the gateway for MCP servers");
  return { machine: describeMachine("no engine"), lines: await measureMcp({ rounds: wanted, budgetMs: BUDGET_MS, now: () => performance.now() }) };
}

async function engineName({ client }: BenchHost): Promise<string> {
  const { engine } = await client.status({});
  return engine.reachable ? `${engine.name} ${engine.version}` : "none";
}
