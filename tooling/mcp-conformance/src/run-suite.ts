import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

/** One check of a scenario, as the suite wrote it down. */
export interface SuiteCheck {
  readonly scenario: string;
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly message: string | undefined;
}

/** What came of a run of the suite. */
export interface SuiteOutcome {
  readonly checks: readonly SuiteCheck[];
  readonly exitCode: number;
  readonly output: string;
}

/** Run the conformance suite against a server. `args` choose the scenarios. */
export async function runSuite(url: string, args: readonly string[]): Promise<SuiteOutcome> {
  return await run(["server", "--url", url, ...args]);
}

/** Run one scenario of the suite against a client, which is started with the address of the suite's server as its last argument. */
export async function runClientScenario(scenario: string, client: string): Promise<SuiteOutcome> {
  return await run(["client", "--scenario", scenario, "--command", `${process.execPath} --conditions=@sbx/source ${client}`]);
}

/** Names of the suite's scenarios for clients. */
export async function listClientScenarios(): Promise<readonly string[]> {
  const { output } = await run(["list", "--client"]);
  return [...output.matchAll(/^ {2}- (\S+)/gm)].map(([, name = ""]) => name);
}

async function run(args: readonly string[]): Promise<SuiteOutcome> {
  const directory = await mkdtemp(path.join(tmpdir(), "mcp-conformance-"));
  try {
    const program = createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/dist/index.js");
    const child = spawn(process.execPath, [program, ...args, ...(args[0] === "list" ? [] : ["--output-dir", directory])], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
    await once(child, "close");
    return { checks: await readChecks(directory), exitCode: child.exitCode ?? 1, output };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readChecks(directory: string): Promise<readonly SuiteCheck[]> {
  const checks: SuiteCheck[] = [];
  for (const name of (await readdir(directory)).toSorted()) {
    const scenario = name.replace(/^server-(?=.*-\d{4}-)/, "").replace(/-\d{4}-\d\d-\d\dT.*$/, "");
    // The suite's own document: a list of checks.
    const written = JSON.parse(await readFile(path.join(directory, name, "checks.json"), "utf8")) as readonly {
      readonly id: string;
      readonly status: SuiteCheck["status"];
      readonly errorMessage?: string;
    }[];
    for (const { id, status, errorMessage } of written) checks.push({ scenario, id, status, message: errorMessage });
  }
  return checks;
}
