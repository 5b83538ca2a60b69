import { atRest } from "./at-rest.ts";
import type { BenchHost } from "./bench-host.ts";
import type { Rounds } from "./interleave.ts";
import { measureLine, type Line } from "./line.ts";
import { runProgram, timed } from "./run-program.ts";

/** The command itself, which has nothing to do but to say its version. */
export async function measureVersion(host: BenchHost, rounds: Rounds): Promise<Line> {
  return measureLine(
    {
      title: "sbx --version",
      unit: "ms",
      better: "less",
      ours: { name: "sbx", once: () => timed(() => host.sbx(["--version"], "/")) },
      references: [{ name: "node -e 0", once: () => timed(() => runProgram(process.execPath, ["-e", "0"], { cwd: "/", env: host.env })) }],
    },
    rounds,
  );
}

/** A fresh sandbox, from the command to its removal, beside a bare container of the same image. */
export async function measureFresh(host: BenchHost, image: string, rounds: Rounds): Promise<Line> {
  const docker = (network: readonly string[]) => atRest(() => timed(() => runProgram("docker", ["run", "--rm", ...network, image, "true"], { cwd: "/", env: host.env })));
  return measureLine(
    {
      title: "fresh sandbox: sbx run --rm shell -- true",
      unit: "ms",
      better: "less",
      ours: {
        name: "sbx",
        once: atRest(() => {
          const workspace = host.workspace();
          return timed(() => host.sbx(["run", "--rm", "shell", "--", "true"], workspace));
        }),
      },
      references: [
        { name: "docker run --rm --network none", once: docker(["--network", "none"]) },
        { name: "docker run --rm", once: docker([]) },
      ],
    },
    rounds,
  );
}
