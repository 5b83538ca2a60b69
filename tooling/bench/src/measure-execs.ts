import type { BenchHost } from "./bench-host.ts";
import { execByApi } from "./daemon-client.ts";
import type { Rounds } from "./interleave.ts";
import { measureLine, type Line } from "./line.ts";
import { runProgram, timed } from "./run-program.ts";

interface Warm {
  readonly name: string;
  readonly workload: string;
  readonly cwd: string;
}

/** A command in a sandbox that runs: by the two command lines, and by the two APIs without a process of the client's. */
export async function measureExecs({ host, warm: { name, workload, cwd }, rounds }: { readonly host: BenchHost; readonly warm: Warm; readonly rounds: Rounds }): Promise<readonly Line[]> {
  const common = { unit: "ms", better: "less" } as const;
  return [
    await measureLine(
      {
        ...common,
        title: "warm, by command: sbx exec NAME true",
        ours: { name: "sbx", once: () => timed(() => host.sbx(["exec", name, "true"], cwd)) },
        references: [{ name: "docker exec", once: () => timed(() => runProgram("docker", ["exec", workload, "true"], { cwd, env: host.env })) }],
      },
      rounds,
    ),
    await measureLine(
      {
        ...common,
        title: "warm, by API: open a session of true, attach, read its exit",
        ours: { name: "sbx", once: () => timed(() => succeed(execByApi(host.client, host.socketPath, { sandbox: name, command: ["true"] }))) },
        references: [{ name: "engine API: create exec, start, inspect", once: () => timed(() => succeed(host.engine.exec(workload, ["true"]))) }],
      },
      rounds,
    ),
  ];
}

async function succeed(code: Promise<number>): Promise<void> {
  if ((await code) !== 0) throw new Error(`the command ended with ${await code}`);
}
