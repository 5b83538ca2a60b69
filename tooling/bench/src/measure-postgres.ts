import { cp, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { installPackages } from "../../e2e/src/install-packages.ts";
import type { BenchHost } from "./bench-host.ts";
import { removeAll, untilSaid, type DockerSubject, type DockerSubjects } from "./docker-subjects.ts";
import type { Rounds } from "./interleave.ts";
import { measureLine, type Line } from "./line.ts";
import { runProgram, timed } from "./run-program.ts";

/** What tests of Docker's clients made of Debian's packages. */
const POSTGRES = "sbx/agent-test-postgres";
/** What a container leaves to do when it is gone does not count for the next one. */
const REST_MS = 1500;
const CLIENTS = path.join(import.meta.dirname, "../../e2e/clients");
const PROGRAM = "start-postgres.mjs";
/** Its reaper comes from a registry where the engine is asked directly; so neither has one. */
const TESTCONTAINERS = { TESTCONTAINERS_RYUK_DISABLED: "true" };

interface MeasurePostgres {
  readonly host: BenchHost;
  readonly subjects: DockerSubjects;
  readonly rounds: Rounds;
}

/** A real Postgres, by the command line and by Testcontainers, until it can be used. */
export async function measurePostgres({ host, subjects, rounds }: MeasurePostgres): Promise<readonly Line[]> {
  const { ours, direct } = subjects;
  const common = { unit: "ms", better: "less" } as const;
  const byHand = { ...common, title: "Docker API: Postgres, from docker run until it is ready" };
  const byTestcontainers = { ...common, title: "Docker API: Postgres by Testcontainers, from start until it answers" };
  const [image = ""] = (await direct.docker(["images", POSTGRES, "--format", "{{.Repository}}:{{.Tag}}"])).split("\n");
  const missing = "its image is made by the tests of Docker's clients: run those first";
  if (image === "") return [byHand, byTestcontainers].map((words) => ({ ...words, ours: { name: ours.name, missing }, references: [] }));
  await host.sbx(["docker", "allow-image", image], "/");
  const start = await prepareTestcontainers({ host, subjects, image });
  const line = (words: typeof byHand, once: (subject: DockerSubject) => Promise<number>): Promise<Line> => {
    const rested = (subject: DockerSubject) => async (): Promise<number> => {
      await sleep(REST_MS);
      return await once(subject);
    };
    return measureLine({ ...words, ours: { name: ours.name, once: rested(ours) }, references: [{ name: direct.name, once: rested(direct) }] }, rounds);
  };
  return [await line(byHand, (subject) => runByHand(subject, image)), await line(byTestcontainers, start)];
}

/** Until it says for the second time that it is ready. */
async function runByHand(subject: DockerSubject, image: string): Promise<number> {
  const container = "bench-postgres";
  const took = await timed(async () => {
    await subject.docker(["run", "-d", "--label", "sbx-bench", "--name", container, "-e", "POSTGRES_PASSWORD=bench", "-p", "5432", image]);
    await untilSaid(subject, { container, word: "database system is ready to accept connections", times: 2 });
  });
  await removeAll(subject);
  return took;
}

/** A project with Testcontainers in it: its ports are where the program is, so ours runs in the sandbox. The program's own start does not count. */
async function prepareTestcontainers({ host, subjects: { ours, workspace, sandbox }, image }: Pick<MeasurePostgres, "host" | "subjects"> & { readonly image: string }) {
  const project = path.join(workspace, "testcontainers");
  await mkdir(project);
  await installPackages("docker-clients", await readFile(path.join(CLIENTS, "package.json"), "utf8"), project);
  const program = path.join(project, PROGRAM);
  await cp(path.join(CLIENTS, PROGRAM), program);
  const env = Object.entries(TESTCONTAINERS).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  return async (subject: DockerSubject): Promise<number> =>
    Number(
      subject === ours
        ? await host.sbx(["exec", ...env, sandbox, "node", program, image], "/")
        : await runProgram(process.execPath, [program, image], { cwd: project, env: { ...host.env, ...TESTCONTAINERS, DOCKER_HOST: `unix://${subject.socketPath}` } }),
    );
}
