import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { engineCandidates, findEngine } from "../src/engine-endpoints.mjs";

const noFiles = (): string => "";

test("asks what a person chose first, then the usual places", ({ expect }) => {
  const env = { DOCKER_HOST: "tcp://10.0.0.1:2375", XDG_RUNTIME_DIR: "/run/user/1000", HOME: "/home/u" };
  expect(engineCandidates(env, noFiles)).toEqual([
    { name: "DOCKER_HOST", host: "tcp://10.0.0.1:2375" },
    { name: "system socket", host: "unix:///var/run/docker.sock" },
    { name: "rootless docker", host: "unix:///run/user/1000/docker.sock" },
    { name: "Docker Desktop", host: "unix:///home/u/.docker/run/docker.sock" },
    { name: "rootless podman", host: "unix:///run/user/1000/podman/podman.sock" },
    { name: "podman", host: "unix:///run/podman/podman.sock" },
  ]);
});

test("reads the chosen docker context", ({ expect }) => {
  const meta = `/home/u/.docker/contexts/meta/${createHash("sha256").update("mine").digest("hex")}/meta.json`;
  const files: Record<string, string> = { "/home/u/.docker/config.json": '{"currentContext":"mine"}', [meta]: '{"Endpoints":{"docker":{"Host":"unix:///x.sock"}}}' };
  const read = (path: string): string => files[path] ?? "";
  expect(engineCandidates({ HOME: "/home/u" }, read)[0]).toEqual({ name: "docker context", host: "unix:///x.sock" });
  expect(engineCandidates({ HOME: "/home/u", DOCKER_CONTEXT: "default" }, read)[0]).toMatchObject({ name: "system socket" });
});

for (const text of ["{", "[]", '{"currentContext":7}', '{"currentContext":"../../x"}', "null"]) {
  test(`a docker configuration of ${text} is no context`, ({ expect }) => {
    expect(engineCandidates({}, () => text)[0]).toMatchObject({ name: "system socket" });
  });
}

test("the first that answers wins, and each that did not has its reason", async ({ expect, onTestFinished }) => {
  const directory = await mkdtemp(join(tmpdir(), "sbx-endpoint-"));
  const servers = [503, 200].map((status) =>
    createServer((_request, reply) => {
      reply.writeHead(status).end("OK");
    }),
  );
  onTestFinished(async () => {
    for (const server of servers) server.close();
    await rm(directory, { recursive: true, force: true });
  });
  await Promise.all(servers.map((server, index) => once(server.listen(join(directory, `${String(index)}.sock`)), "listening")));
  const { found, attempts } = await findEngine([
    { name: "none", host: `unix://${directory}/none.sock` },
    { name: "ssh", host: "ssh://somewhere" },
    { name: "ill", host: `unix://${directory}/0.sock` },
    { name: "well", host: `unix://${directory}/1.sock` },
    { name: "later", host: `unix://${directory}/1.sock` },
  ]);
  expect(found?.name).toBe("well");
  expect(attempts).toEqual([
    { name: "none", why: "no socket" },
    { name: "ssh", why: "ssh:// is not spoken here" },
    { name: "ill", why: "answered 503" },
  ]);
});
