import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { BenchHost } from "./bench-host.ts";
import { askDocker, openDockerSubjects, removeAll, type DockerSubject, type DockerSubjects } from "./docker-subjects.ts";
import type { Rounds, Subject } from "./interleave.ts";
import { measureLine, type Line } from "./line.ts";
import { measurePostgres } from "./measure-postgres.ts";
import { timed } from "./run-program.ts";
import { quantile } from "./statistics.ts";

const fileOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const CALLS = 50;
const COMMANDS = 10;
const LARGE_BYTES = 1e9;
const CHILDREN = 20;
const PORT = 7000;
/** What a container leaves to do when it is gone does not count for the next one. */
const REST_MS = 1500;

interface MeasureDocker {
  readonly host: BenchHost;
  /** An image of sandboxes, which has Node. */
  readonly image: string;
  readonly rounds: Rounds;
}

/** A sandbox's Docker API beside the engine's own, each asked by the same clients. */
export async function measureDocker({ host, image, rounds }: MeasureDocker): Promise<readonly Line[]> {
  await using subjects = await openDockerSubjects(host, image);
  const line = (words: Pick<Line, "title" | "unit" | "better">, once: (subject: DockerSubject) => Promise<number>): Promise<Line> =>
    measureLine({ ...words, ours: asSubject(subjects.ours, once), references: [asSubject(subjects.direct, once)] }, rounds);
  const less = { unit: "ms", better: "less" } as const;
  return [
    await line({ ...less, title: "Docker API: docker run --rm IMAGE true" }, async ({ docker, image }) => {
      await sleep(REST_MS);
      return await timed(() => docker(["run", "--rm", image, "true"]));
    }),
    await line({ ...less, title: `Docker API: docker run --rm, ${CHILDREN} at once` }, (subject) => timed(() => manyAtOnce(subject))),
    ...(await measurePostgres({ host, subjects, rounds })),
    ...(await measureLists(subjects, line)),
    ...(await measureFiles(subjects, line)),
    ...(await measureTraffic(subjects, rounds)),
    await leftOver(subjects),
  ];
}

type MeasureOne = (words: Pick<Line, "title" | "unit" | "better">, once: (subject: DockerSubject) => Promise<number>) => Promise<Line>;

function asSubject(subject: DockerSubject, once: (subject: DockerSubject) => Promise<number>): Subject {
  return { name: subject.name, once: () => once(subject) };
}

async function manyAtOnce({ docker, image }: DockerSubject): Promise<void> {
  await Promise.all(Array.from({ length: CHILDREN }, () => docker(["run", "--rm", image, "true"])));
}

/** Lists and looks by the commands and by the API, of five containers. */
async function measureLists({ ours, direct }: DockerSubjects, line: MeasureOne): Promise<readonly Line[]> {
  const ids = new Map<DockerSubject, string>();
  for (const subject of [ours, direct]) {
    for (let at = 0; at < 5; at += 1) ids.set(subject, (await subject.docker(["run", "-d", "--label", "sbx-bench", subject.image, "sleep", "3600"])).trim());
  }
  const filters = encodeURIComponent(JSON.stringify({ label: ["sbx-bench"] }));
  const medianOf = async (calls: number, call: () => Promise<unknown>): Promise<number> => {
    const times: number[] = [];
    while (times.length < calls) times.push(await timed(call));
    return quantile(times, 0.5);
  };
  const byCommand = (subject: DockerSubject, ...args: readonly string[]): Promise<number> => medianOf(COMMANDS, () => subject.docker(args));
  const byApi = (subject: DockerSubject, target: string, on: "own" | "kept"): Promise<number> => medianOf(CALLS, () => askDocker(subject, target, on));
  const idOf = (subject: DockerSubject): string => ids.get(subject) ?? "";
  const common = { unit: "ms", better: "less" } as const;
  const lines = [
    await line({ ...common, title: "Docker API: docker ps with 5 containers" }, (subject) => byCommand(subject, "ps", "--filter", "label=sbx-bench")),
    await line({ ...common, title: "Docker API: docker inspect" }, (subject) => byCommand(subject, "inspect", idOf(subject))),
    await line({ ...common, title: "Docker API: list of 5 containers, connection kept" }, (subject) => byApi(subject, `/containers/json?filters=${filters}`, "kept")),
    await line({ ...common, title: "Docker API: inspect, connection kept" }, (subject) => byApi(subject, `/containers/${idOf(subject)}/json`, "kept")),
    await line({ ...common, title: "Docker API: list of 5 containers, a connection each" }, (subject) => byApi(subject, `/containers/json?filters=${filters}`, "own")),
    await line({ ...common, title: "Docker API: inspect, a connection each" }, (subject) => byApi(subject, `/containers/${idOf(subject)}/json`, "own")),
  ];
  for (const subject of [ours, direct]) await removeAll(subject);
  return lines;
}

/** One large file, into a container and as a build's context. */
async function measureFiles({ ours, direct, workspace }: DockerSubjects, line: MeasureOne): Promise<readonly Line[]> {
  const context = path.join(workspace, "context");
  mkdirSync(context);
  const file = path.join(context, "large");
  writeFileSync(file, "");
  truncateSync(file, LARGE_BYTES);
  for (const { docker, image } of [ours, direct]) await docker(["create", "--label", "sbx-bench", "--name", "bench-files", image, "true"]);
  const common = { unit: "MB/s", better: "more" } as const;
  const rate = async (work: () => Promise<unknown>): Promise<number> => LARGE_BYTES / 1e3 / (await timed(work));
  const copied = await line({ ...common, title: "Docker API: docker cp of 1 GB into a container" }, ({ docker }) => rate(() => docker(["cp", file, "bench-files:/large"])));
  const built = await line({ ...common, title: "Docker API: docker build with a context of 1 GB" }, async ({ docker, image }) => {
    writeFileSync(path.join(context, "Dockerfile"), `FROM ${image}\nLABEL bench=${Math.random()}\n`);
    let id = "";
    const speed = await rate(async () => {
      id = (await docker(["build", "-q", context])).trim();
    });
    await docker(["rmi", id]);
    return speed;
  });
  for (const subject of [ours, direct]) await removeAll(subject);
  return [copied, built];
}

/** Between two containers of one network, by the program of the wall's lines. */
async function measureTraffic({ ours, direct, workspace }: DockerSubjects, rounds: Rounds): Promise<readonly Line[]> {
  mkdirSync(path.join(workspace, "src"));
  for (const name of ["load.ts", "serve-load.ts", "src/load-server.ts"]) copyFileSync(fileOf(name), path.join(workspace, name));
  for (const { docker, image } of [ours, direct]) {
    await docker(["network", "create", "sbx-bench"]);
    const run = (name: string, ...command: readonly string[]): Promise<string> =>
      docker(["run", "-d", "--label", "sbx-bench", "--network", "sbx-bench", "--name", name, "-v", `${workspace}:/w`, "-w", "/w", image, ...command]);
    await run("bench-server", "node", "serve-load.ts", String(PORT));
    await run("bench-client", "sleep", "3600");
  }
  const once =
    (mode: string) =>
    async ({ docker }: DockerSubject): Promise<number> =>
      Number(await docker(["exec", "bench-client", "node", "load.ts", mode, "bench-server", String(PORT)]));
  const lines: Line[] = [];
  for (const { mode, ...words } of [
    { mode: "connect", title: "Docker API, container to container: name, connect and first byte", unit: "ms", better: "less" },
    { mode: "round-trip", title: "Docker API, container to container: round trip of one byte", unit: "µs", better: "less" },
    { mode: "bulk", title: "Docker API, container to container: bulk", unit: "MB/s", better: "more" },
  ] as const) {
    lines.push(await measureLine({ ...words, ours: asSubject(ours, once(mode)), references: [{ name: "a bridge", once: () => once(mode)(direct) }] }, rounds));
  }
  for (const subject of [ours, direct]) {
    await removeAll(subject);
    await subject.docker(["network", "rm", "sbx-bench"]);
  }
  return lines;
}

/** How many containers of the sandbox the engine still has, and gates beside the one that is kept ready: none may be left of all these. */
async function leftOver({ direct, sandbox }: DockerSubjects): Promise<Line> {
  const count = async (role: string): Promise<number> =>
    (await direct.docker(["ps", "-aq", "--filter", `label=dev.sbx.sandbox=${sandbox}`, "--filter", `label=dev.sbx.role=${role}`])).split("\n").filter((id) => id !== "").length;
  const left = (await count("child")) + Math.max(0, (await count("child-gate")) - 1) + (await count("child-build"));
  return { title: "Docker API: containers and gates left of all these", unit: "", better: "less", ours: { name: "sbx", samples: [left] }, references: [] };
}
