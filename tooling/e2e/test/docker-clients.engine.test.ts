import { cp, readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { composeV2, whyNoComposeV2 } from "../src/go-program.ts";
import { installPackages } from "../src/install-packages.ts";
import { installPython, whyNoPip } from "../src/install-python.ts";
import { giveTo, openHost, patiently, type Host } from "../src/open-host.ts";
import { serviceImage } from "../src/service-image.ts";

const HERE = path.join(import.meta.dirname, "..");
const NAME = "clients";
const NOTHING = "docker ps -aq; docker volume ls -q; docker network ls -q --filter type=custom";

const noPip = await whyNoPip();
if (noPip !== undefined) process.stdout.write(`skipped: Testcontainers for Python, because ${noPip}\n`);

const noV2 = await whyNoComposeV2();
if (noV2 !== undefined) process.stdout.write(`skipped: compose of the second generation, because ${noV2}\n`);
/** The one of Debian, and the newer one as a file of the project. */
const COMPOSES = ["docker-compose", ...(noV2 === undefined ? ["../../docker-compose"] : [])];

let host: Host;
const images = { POSTGRES_IMAGE: "", REDIS_IMAGE: "" };
/** Run a script in the sandbox, in the project's directory. */
const inside = (script: string) => host.sbx(["exec", ...Object.entries(images).flatMap(([name, image]) => ["-e", `${name}=${image}`]), NAME, "sh", "-c", script]);

beforeAll(async () => {
  host = openHost();
  const cwd = await host.project("service");
  await cp(path.join(HERE, "clients"), cwd, { recursive: true });
  await installPackages("docker-clients", await readFile(path.join(cwd, "package.json"), "utf8"), cwd);
  if (noPip === undefined) await installPython("docker-clients-python", ["testcontainers==4.15.0", "pg8000==1.31.5"], path.join(cwd, "python"));
  if (noV2 === undefined) await cp(await composeV2(), path.join(cwd, "docker-compose"));
  giveTo(cwd, 1000);
  for (const [name, recipe] of [
    ["POSTGRES_IMAGE", "postgres"],
    ["REDIS_IMAGE", "redis"],
  ] as const) {
    images[name] = (await host.imageNames(await serviceImage(recipe)))[0] ?? "";
  }
  const made = await host.sbx(["create", "-q", "--mount-docker-socket", "--name", NAME, path.join(HERE, "kits/docker-clients")], { cwd });
  if (made.code !== 0) throw new Error(made.stderr);
}, 600_000);
afterAll(() => host[Symbol.asyncDispose]());

describe("clients of Docker's API in a sandbox, unchanged and not configured", { timeout: 600_000 }, () => {
  it("find no image of the machine before the person allows it", async ({ expect }) => {
    const { code, stdout, stderr } = await inside('docker run --rm "$POSTGRES_IMAGE" true');
    expect([code, stdout]).toEqual([125, ""]);
    expect(stderr).toMatch(/pull|No such image|not found/i);
    for (const image of Object.values(images)) expect((await host.sbx(["docker", "allow-image", image])).code).toBe(0);
    expect((await inside("docker images --format '{{.Repository}}:{{.Tag}}'")).stdout.split("\n")).toEqual(expect.arrayContaining(Object.values(images)));
    expect((await inside("env | grep -c TESTCONTAINERS")).stdout).toBe("0\n");
  });

  it("Testcontainers starts a real Postgres, which a test uses and stops", async ({ expect }) => {
    expect(await inside("timeout 500 node postgres.mjs")).toEqual({ code: 0, stdout: "kept\n1\n", stderr: "" });
    // Its reaper, which waits for further tests, is the only one left.
    expect((await inside("docker ps -a --format '{{.Image}}'; docker volume ls -q")).stdout).toMatch(/^testcontainers\/ryuk:\S+\n$/);
  });

  it("Testcontainers starts a real Redis and a stub that it builds, in a network of their own", async ({ expect }) => {
    expect(await inside("timeout 500 node services.mjs")).toEqual({ code: 0, stdout: "1.25\nfound its neighbour\n", stderr: "" });
  });

  it.skipIf(noPip !== undefined)("Testcontainers for Python starts a real Postgres (where pip is)", async ({ expect }) => {
    expect(await inside("PYTHONPATH=python timeout 500 python3 postgres.py")).toMatchObject({ code: 0, stdout: "kept by Python\n" });
  });

  it("Testcontainers' reaper removes what a test left that was killed, and what it built", async ({ expect }) => {
    const killed = "node postgres.mjs --then-wait > out & until grep kept out; do sleep 0.2; done; kill -9 $!; docker ps --format '{{.Image}}'";
    expect((await inside(`timeout 500 sh -c '${killed.replaceAll("'", `'"'"'`)}'`)).stdout.split("\n")).toContain(images.POSTGRES_IMAGE);
    expect(await patiently(240_000, async () => (await inside(`${NOTHING}; docker images -q --filter reference='localhost/*'`)).stdout === "")).toBe(true);
  });

  it("dockerode and docker-py run, make, look and remove", async ({ expect }) => {
    expect(await inside("node dockerode.mjs")).toEqual({ code: 0, stdout: "from dockerode\r\nto and fro\n0 0 true made\n", stderr: "" });
    expect(await inside("python3 library.py")).toEqual({ code: 0, stdout: "from python\nin it 127.0.0.1\non a terminal raw\n403 True\nSuccessfully tagged of-python:latest\n", stderr: "" });
    expect((await inside(NOTHING)).stdout).toBe("");
  });

  it.for(COMPOSES)("%s brings up three projects at once, by what depends on what is healthy, and takes them down", async (compose, { expect }) => {
    const each = (command: (project: string) => string) => Promise.all(["site", "jobs", "parts"].map((project) => inside(`cd compose/${project} && ${command(project)}`)));
    const up = await each((project) => `${compose} up -d ${project === "jobs" ? "--scale worker=2" : ""} 2>&1`);
    expect(
      up.map(({ code }) => code),
      up.map(({ stdout }) => stdout).join("\n"),
    ).toEqual([0, 0, 0]);
    const answer = "curl -s --retry 30 --retry-connrefused --retry-all-errors";
    expect((await inside(`${answer} localhost:8080; cd compose/site && ${compose} ps`)).stdout).toMatch(/^from the database\n[\s\S]*db[_-]1 .*Up.*\(healthy\)/);
    expect((await inside(`cd compose/site && ${compose} exec -T web head -1 /srv/services.mjs`)).stdout).toContain("More of what services talk to");
    const done = `cd compose/jobs && ${compose} exec -T db psql -U postgres -Atc 'select what from done order by what'`;
    expect(await patiently(240_000, async () => (await inside(done)).stdout === "one done\nthree done\ntwo done\n")).toBe(true);
    expect((await inside(`${answer} localhost:8081 -o /dev/null -w %{http_code}; cd compose/jobs; ${compose} ps -q worker | wc -l`)).stdout).toBe("2002\n");
    expect((await inside(`cd compose/parts && ${answer} $(${compose} port proxy 8080)/seen`)).stdout).toBe("database 1\nmigrated\n");
    expect((await each(() => `${compose} down -v --rmi local`)).map(({ code }) => code)).toEqual([0, 0, 0]);
    expect((await inside(NOTHING)).stdout).toBe("");
  });
});
