import { createSbx } from "@sbx/core";
import { atRest } from "./at-rest.ts";
import type { BenchHost } from "./bench-host.ts";
import type { Rounds } from "./interleave.ts";
import { measureLine, type Line } from "./line.ts";
import { timed } from "./run-program.ts";

interface Warm {
  readonly name: string;
  readonly workload: string;
  readonly image: string;
}

/** What a program gets of the SDK, beside the engine's own API: a sandbox's whole life, and one program in a sandbox that runs. */
export async function measureSdk({ host, warm: { name, workload, image }, rounds }: { readonly host: BenchHost; readonly warm: Warm; readonly rounds: Rounds }): Promise<readonly Line[]> {
  const sbx = createSbx({ env: host.env });
  const running = await sbx.get(name);
  const common = { unit: "ms", better: "less" } as const;
  return [
    await measureLine(
      {
        ...common,
        title: "SDK: create, first exec, remove",
        ours: {
          name: "sbx",
          once: atRest(() => {
            const workspace = host.workspace();
            return timed(async () => {
              await using box = await sbx.create({ agent: "shell", workspace });
              expectDone(await box.exec(["true"]).exitCode);
            });
          }),
        },
        references: [{ name: "engine API: create, start, exec, remove; on a bridge", once: atRest(() => timed(async () => expectDone(await host.engine.life(image, ["true"])))) }],
      },
      rounds,
    ),
    await measureLine(
      {
        ...common,
        title: "SDK: exec in a sandbox that runs",
        ours: { name: "sbx", once: () => timed(async () => expectDone(await running.exec(["true"]).exitCode)) },
        references: [{ name: "engine API: create exec, start, inspect", once: () => timed(async () => expectDone(await host.engine.exec(workload, ["true"]))) }],
      },
      rounds,
    ),
  ];
}

function expectDone(code: number): void {
  if (code !== 0) throw new Error(`the command ended with ${code}`);
}
