import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { openHost } from "../../e2e/src/open-host.ts";
import { placeOf } from "../../e2e/src/keep-once.ts";
import { buildAdapter } from "./build-adapter.ts";
import { CLAIMED } from "./claimed.ts";
import { copyWithLookAlike } from "./look-alike.ts";
import { provideSuite, SUITE, type Suite } from "./provide-suite.ts";
import { readTally, runSuite } from "./run-suite.ts";
import { serveHosts, whyNoStandIns } from "./stand-in-hosts.ts";

/** After which time without a session a sandbox stops here; the suite waits it out. In milliseconds. */
const IDLE_STOP_MS = 5000;

/** Run the format's runtime suite against sbx and print its score, with what was put in the place of what it wants. */
async function main(): Promise<number> {
  const why = whyNoStandIns();
  if (why !== undefined) return notRun(why);
  const { values } = parseArgs({ options: { suite: { type: "string" }, fixtures: { type: "string" } } });
  if (values.suite !== undefined && values.fixtures !== undefined)
    return await run({ name: `suite that was built elsewhere: ${values.suite}`, program: path.resolve(values.suite), fixtures: path.resolve(values.fixtures) });
  if (values.suite !== undefined || values.fixtures !== undefined) return notRun("--suite and --fixtures are given together");
  let suite: Suite;
  try {
    suite = await provideSuite(ownEnvironment());
  } catch (error) {
    return notRun(`${SUITE} cannot be built: ${error instanceof Error ? error.message : String(error)}`);
  }
  return await run(suite);
}

async function run(suite: Suite): Promise<number> {
  await using scope = new AsyncDisposableStack();
  const directory = `/tmp/sbx-kit-tck-${process.pid}`;
  const hosts = scope.use(await serveHosts(directory, process.env["NODE_EXTRA_CA_CERTS"]));
  const host = scope.use(openHost({ SBX_IDLE_STOP_MS: String(IDLE_STOP_MS), NODE_EXTRA_CA_CERTS: hosts.authorities }));
  for (const address of hosts.addresses) {
    const { code, stderr } = await host.sbx(["policy", "allow", address]);
    if (code !== 0) throw new Error(stderr);
  }
  const fixtures = path.join(directory, "fixtures");
  const changed = await copyWithLookAlike(suite.fixtures, fixtures);
  const adapter = await buildAdapter(path.join(directory, "adapter"), { home: host.home, env: host.env, directory, idleStopMs: IDLE_STOP_MS });
  console.log(`${suite.name}\nclaimed: ${CLAIMED.join(", ")}`);
  console.log(`stand-ins of this machine answer for ${hosts.names.join(", ")}`);
  console.log(`sbx's base image stands in for the suite's in ${changed} files of its Kits, which are given by --fixtures`);
  const { code, stdout, stderr } = await runSuite(suite, { adapter, fixtures, cwd: directory, env: host.env });
  const report = path.join(path.dirname(placeOf("kit-tck", SUITE)), "kit-tck-report.txt");
  await mkdir(path.dirname(report), { recursive: true });
  await writeFile(report, `${stdout}\n${stderr}`);
  console.log(stdout);
  const tally = readTally(stdout);
  console.log(
    tally === undefined ? `the suite gave no tally: ${stderr}` : `${tally.passed} of ${tally.checks} checks passed, ${tally.failed} failed, ${tally.warned} warned, ${tally.skipped} skipped`,
  );
  console.log(`the whole report: ${report}`);
  return tally === undefined || tally.failed > 0 || code !== 0 ? 1 : 0;
}

function ownEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function notRun(why: string): number {
  console.log(`The suite was not run, and there is no score, because ${why}`);
  return 1;
}

process.exitCode = await main();
