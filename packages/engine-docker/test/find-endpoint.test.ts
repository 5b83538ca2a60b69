import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "vitest";
import { connectEngine } from "../src/index.ts";
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

const NOTHING = { certificates: undefined, plain: false };
const PEMS = ["ca.pem", "cert.pem", "key.pem"];

/** A directory with a client's certificates. */
function writeCertificates(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of PEMS) writeFileSync(join(folder, name), name);
  return folder;
}

describe("parseEndpoint", () => {
  it.for([
    ["unix:///run/x.sock", "unix:///run/x.sock"],
    ["/run/x.sock", "unix:///run/x.sock"],
    ["tcp://127.0.0.1:2345", "tcp://127.0.0.1:2345"],
    ["tcp://[::1]:2345", "tcp://[::1]:2345"],
    ["localhost:2345", "tcp://localhost:2345"],
    ["tcp://localhost", "tcp://localhost:2375"],
  ] as const)("reads %s", async ([address, endpoint], { expect }) => {
    expect(formatEndpoint(await parseEndpoint(address, NOTHING))).toBe(endpoint);
  });

  it.for(["npipe:////./pipe/docker_engine", "unix://", "tcp://", ""])("refuses %s", async (address, { expect }) => {
    await expect(parseEndpoint(address, NOTHING)).rejects.toThrow("is not a unix or tcp address");
  });

  it("says of ssh what to do instead", async ({ expect }) => {
    await expect(parseEndpoint("ssh://me@box", { certificates: undefined, plain: true })).rejects.toThrow("run sbx on that machine itself");
  });

  it.for([
    "tcp://box:2375",
    "box:2375",
    "http://10.0.0.1:2375",
    "tcp://0.0.0.0:1",
    "tcp://127.0.0.1.example.org:1",
    "tcp://localhost.example.org:1",
    "tcp://[::ffff:10.0.0.1]:1",
    "tcp://128.0.0.1:1",
    "tcp://127.1.evil:1",
  ])("speaks to %s without TLS only when a person says so", async (address, { expect }) => {
    await expect(parseEndpoint(address, NOTHING)).rejects.toThrow(/without TLS: .*SBX_PLAIN_ENGINE=yes/);
    expect(await parseEndpoint(address, { certificates: undefined, plain: true })).toMatchObject({ kind: "tcp" });
  });

  it("never takes https for plain", async ({ expect }) => {
    await expect(parseEndpoint("https://box:2376", { certificates: undefined, plain: true })).rejects.toThrow("needs certificates");
  });

  it("speaks TLS where there are certificates, and refuses when one of them is missing", async ({ expect }) => {
    const certificates = writeCertificates(join(home, "certificates"));
    const tls = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" };
    expect(await parseEndpoint("tcp://box", { certificates, plain: false })).toEqual({ kind: "tcp", host: "box", port: 2376, tls });
    rmSync(join(certificates, "ca.pem"));
    await expect(parseEndpoint("tcp://box", { certificates, plain: true })).rejects.toThrow("ca.pem");
  });
});

describe("an engine of another machine", () => {
  const located = async (environment: Readonly<Record<string, string>>): Promise<unknown> => await candidates({ environment, home })[0]?.locate();

  it("has the certificates of DOCKER_CERT_PATH, or the docker CLI's own, when DOCKER_TLS_VERIFY is set", async ({ expect }) => {
    const certificates = writeCertificates(join(home, "mine"));
    const tls = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" };
    expect(await located({ DOCKER_HOST: "tcp://box", DOCKER_CERT_PATH: certificates, DOCKER_TLS_VERIFY: "1" })).toMatchObject({ port: 2376, tls });
    await expect(located({ DOCKER_HOST: "tcp://box", DOCKER_TLS_VERIFY: "1" })).rejects.toThrow("ENOENT");
    writeCertificates(join(home, ".docker"));
    expect(await located({ DOCKER_HOST: "tcp://box", DOCKER_TLS_VERIFY: "1" })).toMatchObject({ tls });
    await expect(located({ DOCKER_HOST: "tcp://box", DOCKER_CERT_PATH: certificates })).rejects.toThrow("without TLS");
    expect(await located({ DOCKER_HOST: "tcp://box", SBX_PLAIN_ENGINE: "yes" })).toEqual({ kind: "tcp", host: "box", port: 2375 });
    await expect(located({ DOCKER_HOST: "tcp://box", SBX_PLAIN_ENGINE: "no" })).rejects.toThrow("without TLS");
  });

  it("has those of its context, and is refused where a context does not verify", async ({ expect }) => {
    writeContext("far", { Endpoints: { docker: { Host: "tcp://box:2376" } } });
    await expect(located({})).rejects.toThrow("without TLS");
    writeCertificates(join(home, ".docker", "contexts", "tls", createHash("sha256").update("far").digest("hex"), "docker"));
    expect(await located({})).toMatchObject({ host: "box", tls: { ca: "ca.pem" } });
    writeContext("far", { Endpoints: { docker: { Host: "tcp://box:2376", SkipTLSVerify: true } } });
    await expect(located({ SBX_PLAIN_ENGINE: "yes" })).rejects.toThrow("does not verify");
  });

  it("is not replaced by one of this machine when it does not answer", async ({ expect }) => {
    writeContext("gone", { Endpoints: { docker: { Host: "unix:///nobody/is/there.sock" } } });
    const failure = connectEngine({ environment: {}, home });
    await expect(failure).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE", details: { attempts: [{ name: "docker context" }] }, fix: expect.stringContaining("docker context use") as unknown });
    writeFileSync(join(home, ".docker", "config.json"), JSON.stringify({ currentContext: "unknown" }));
    await expect(connectEngine({ environment: {}, home })).rejects.toMatchObject({ details: { attempts: [{ name: "docker context", why: expect.stringContaining("ENOENT") as unknown }] } });
  });
});
