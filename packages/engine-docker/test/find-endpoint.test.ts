import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "vitest";
import { formatEndpoint, parseEndpoint } from "../src/endpoint.ts";
import { candidates } from "../src/find-endpoint.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "sbx-home-"));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

function writeContext(name: string, meta: unknown): void {
  const folder = join(home, ".docker", "contexts", "meta", createHash("sha256").update(name).digest("hex"));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "meta.json"), JSON.stringify(meta));
  writeFileSync(join(home, ".docker", "config.json"), JSON.stringify({ currentContext: name }));
}

describe("candidates", () => {
  it("are the usual places in order", ({ expect }) => {
    expect(candidates({ environment: { XDG_RUNTIME_DIR: "/run/user/7" }, home: "/h" }).map(({ name }) => name)).toEqual([
      "docker context",
      "/var/run/docker.sock",
      "/run/user/7/docker.sock",
      "/h/.docker/run/docker.sock",
      "/run/user/7/podman/podman.sock",
      "/run/podman/podman.sock",
    ]);
  });

  it("begin with what a person chose, and end there", ({ expect }) => {
    const [first, second] = candidates({ endpoint: "/e", environment: { DOCKER_HOST: "tcp://h:1" }, home });
    expect([first?.name, first?.only, second?.name, second?.only]).toEqual(["configured endpoint", true, "DOCKER_HOST", true]);
    expect(candidates({ environment: { DOCKER_CONTEXT: "c", DOCKER_HOST: "" }, home })[0]).toMatchObject({ name: "docker context", only: true });
  });

  it("follow the docker CLI's context", async ({ expect }) => {
    writeContext("work", { Endpoints: { docker: { Host: "unix:///work.sock" } } });
    expect(await candidates({ environment: {}, home })[0]?.locate()).toEqual({ kind: "unix", path: "/work.sock" });
    writeContext("empty", {});
    await expect(candidates({ environment: {}, home })[0]?.locate()).rejects.toThrow('"empty" names no address');
    await expect(candidates({ environment: { DOCKER_CONTEXT: "missing" }, home })[0]?.locate()).rejects.toThrow("ENOENT");
    await expect(candidates({ environment: { DOCKER_CONTEXT: "default" }, home })[0]?.locate()).rejects.toThrow("none chosen");
  });
});

describe("parseEndpoint", () => {
  it.for([
    ["unix:///run/x.sock", "unix:///run/x.sock"],
    ["/run/x.sock", "unix:///run/x.sock"],
    ["tcp://box:2345", "tcp://box:2345"],
    ["box:2345", "tcp://box:2345"],
    ["tcp://box", "tcp://box:2375"],
  ] as const)("reads %s", async ([address, endpoint], { expect }) => {
    expect(formatEndpoint(await parseEndpoint(address, {}))).toBe(endpoint);
  });

  it.for(["ssh://box", "npipe:////./pipe/docker_engine", "unix://", "tcp://", ""])("refuses %s", async (address, { expect }) => {
    await expect(parseEndpoint(address, {})).rejects.toThrow("is not a unix or tcp address");
  });

  it("takes certificates only when they are to be verified", async ({ expect }) => {
    for (const name of ["ca.pem", "cert.pem", "key.pem"]) writeFileSync(join(home, name), name);
    expect(await parseEndpoint("tcp://box", { DOCKER_CERT_PATH: home, DOCKER_TLS_VERIFY: "1" })).toEqual({
      kind: "tcp",
      host: "box",
      port: 2376,
      tls: { ca: "ca.pem", cert: "cert.pem", key: "key.pem" },
    });
    expect(await parseEndpoint("tcp://box", { DOCKER_CERT_PATH: home })).toEqual({ kind: "tcp", host: "box", port: 2375 });
    await expect(parseEndpoint("tcp://box", { DOCKER_CERT_PATH: "/none", DOCKER_TLS_VERIFY: "1" })).rejects.toThrow("ENOENT");
  });
});
