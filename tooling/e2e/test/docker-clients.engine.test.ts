import { cp } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { installClients } from "../src/install-clients.ts";
import { giveTo, openHost, patiently, type Host } from "../src/open-host.ts";
import { serviceImage } from "../src/service-image.ts";

const HERE = path.join(import.meta.dirname, "..");
const NAME = "clients";

let host: Host;
let image: string;
/** Run a script in the sandbox, in the project's directory. */
const inside = (script: string) => host.sbx(["exec", "-e", `POSTGRES_IMAGE=${image}`, NAME, "sh", "-c", script]);

beforeAll(async () => {
  host = openHost();
  const cwd = await host.project("service");
  await installClients(cwd);
  await cp(path.join(HERE, "clients"), cwd, { recursive: true });
  giveTo(cwd, 1000);
  const [reference] = await host.imageNames(await serviceImage("postgres"));
  image = reference ?? "";
  const made = await host.sbx(["create", "-q", "--mount-docker-socket", "--name", NAME, path.join(HERE, "kits/docker-clients")], { cwd });
  if (made.code !== 0) throw new Error(made.stderr);
}, 600_000);
afterAll(() => host[Symbol.asyncDispose]());

describe("clients of Docker's API in a sandbox, unchanged and not configured", () => {
  it("find no image of the machine before the person allows it", async ({ expect }) => {
    const { code, stdout, stderr } = await inside('docker run --rm "$POSTGRES_IMAGE" true');
    expect([code, stdout]).toEqual([125, ""]);
    expect(stderr).toMatch(/pull|No such image|not found/i);
    expect((await host.sbx(["docker", "allow-image", image])).code).toBe(0);
    expect((await inside("docker images --format '{{.Repository}}:{{.Tag}}'")).stdout.split("\n")).toContain(image);
  });

  it("Testcontainers starts a real Postgres, which a test uses and stops", async ({ expect }) => {
    expect(await inside("timeout 150 node postgres.mjs")).toEqual({ code: 0, stdout: "kept\n1\n", stderr: "" });
    expect((await inside("env | grep -c TESTCONTAINERS")).stdout).toBe("0\n");
    // Its reaper, which waits for further tests, is the only one left.
    expect((await inside("docker ps -a --format '{{.Image}}'; docker volume ls -q")).stdout).toMatch(/^testcontainers\/ryuk:\S+\n$/);
  });

  it("Testcontainers' reaper removes what a test left that was killed", async ({ expect }) => {
    const killed = "node postgres.mjs --then-wait > out & until grep kept out; do sleep 0.2; done; kill -9 $!; docker ps --format '{{.Image}}'";
    expect((await inside(`timeout 150 sh -c '${killed.replaceAll("'", `'"'"'`)}'`)).stdout.split("\n")).toContain(image);
    expect(await patiently(60_000, async () => (await inside("docker ps -aq; docker volume ls -q")).stdout === "")).toBe(true);
  });

  it("dockerode and docker-py run, make, look and remove", async ({ expect }) => {
    expect(await inside("node dockerode.mjs")).toEqual({ code: 0, stdout: "from dockerode\r\n0 true made\n", stderr: "" });
    expect(await inside("python3 library.py")).toEqual({ code: 0, stdout: "from python\nin it 127.0.0.1\n", stderr: "" });
    expect((await inside("docker ps -aq; docker volume ls -q; docker network ls -q --filter type=custom")).stdout).toBe("");
  });

  it("compose brings up what depends on what is healthy, by the names of services, and takes it down", async ({ expect }) => {
    const up = await inside("docker-compose up -d && docker-compose ps");
    expect([up.code, up.stderr.includes("ERROR")]).toEqual([0, false]);
    expect(up.stdout).toMatch(/db_1 .*Up \(healthy\)/);
    expect((await inside("curl -s --retry 20 --retry-connrefused --retry-all-errors localhost:8080")).stdout).toBe("from the database\n");
    expect((await inside("docker-compose exec -T web cat /srv/docker-compose.yml | head -1")).stdout).toBe('version: "2.4"\n');
    expect((await inside("docker-compose down -v")).code).toBe(0);
    expect((await inside("docker ps -aq; docker volume ls -q; docker network ls -q --filter type=custom")).stdout).toBe("");
  });
});
