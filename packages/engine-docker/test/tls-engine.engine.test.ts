import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { connectEngine } from "../src/index.ts";
import { aSpec, realEngine, startContainer } from "./test-container.ts";

const FILES = ["ca.pem", "cert.pem", "key.pem"] as const;

let home: string;
let socketPath: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "sbx-tls-"));
  socketPath = (await realEngine()).info.endpoint.replace("unix://", "");
});
afterAll(() => {
  rmSync(home, { recursive: true });
});

/** An authority, and what it says one host or client is: `ca.pem`, `cert.pem` and `key.pem` in a directory. */
function certify(name: string, { host = "127.0.0.1", of = name }: { readonly host?: string; readonly of?: string } = {}): string {
  const [folder, authority] = [join(home, name), join(home, `authority-${of}`)];
  mkdirSync(folder, { recursive: true });
  mkdirSync(authority, { recursive: true });
  const openssl = (...args: readonly string[]): unknown => execFileSync("openssl", args, { cwd: authority, stdio: "ignore" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  if (of === name) openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", `/CN=${of}`);
  openssl("req", ...key, "-keyout", join(folder, "key.pem"), "-out", "request.pem", "-subj", `/CN=${name}`);
  writeFileSync(join(authority, "names"), `subjectAltName=IP:${host}\n`);
  openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", join(folder, "cert.pem"));
  writeFileSync(join(folder, "ca.pem"), readFileSync(join(authority, "ca.pem")));
  return folder;
}

/** The machine's engine behind TLS, for clients of the same authority alone. */
async function serve(folder: string): Promise<{ readonly port: number; readonly passed: () => number } & Disposable> {
  const [ca, cert, key] = FILES.map((name) => readFileSync(join(folder, name)));
  let passed = 0;
  const server = createTlsServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true, allowHalfOpen: true }, (inner) => {
    passed += 1;
    const outer = connect({ path: socketPath, allowHalfOpen: true });
    inner.on("error", () => outer.destroy());
    outer.on("error", () => inner.destroy());
    inner.pipe(outer).pipe(inner);
  });
  server.on("tlsClientError", () => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, passed: () => passed, [Symbol.dispose]: () => void server.close() };
}

function writeContext(name: string, { host, certificates }: { readonly host: string; readonly certificates: string }): void {
  const id = createHash("sha256").update(name).digest("hex");
  const [meta, tls] = [join(home, ".docker/contexts/meta", id), join(home, ".docker/contexts/tls", id, "docker")];
  for (const directory of [meta, tls]) mkdirSync(directory, { recursive: true });
  writeFileSync(join(meta, "meta.json"), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host, SkipTLSVerify: false } } }));
  for (const file of FILES) writeFileSync(join(tls, file), readFileSync(join(certificates, file)));
  writeFileSync(join(home, ".docker/config.json"), JSON.stringify({ currentContext: name }));
}

describe("an engine that is spoken to over TLS", () => {
  it("is used by a context's certificates, for processes with both directions too", async ({ expect }) => {
    const server = certify("engine");
    using served = await serve(server);
    writeContext("far", { host: `tcp://127.0.0.1:${String(served.port)}`, certificates: certify("client", { of: "engine" }) });
    const engine = await connectEngine({ environment: {}, home });
    expect(engine.info.endpoint).toBe(`tcp://127.0.0.1:${String(served.port)}`);
    await using container = await startContainer(engine, aSpec(inject("baseImage")));
    const process = await engine.exec(container.id, { command: ["tr", "a-z", "A-Z"], env: {}, user: "1000:1000", workdir: "/", tty: false, stdin: true });
    process.stdin.end("both ways");
    expect(await text(process.stdout)).toBe("BOTH WAYS");
    process.stderr.resume();
    expect(await process.exit).toBe(0);
    expect(served.passed()).toBeGreaterThan(3);
  });

  it("gets nothing from us where it cannot prove who it is, and gives nothing to whom it does not know", async ({ expect }) => {
    const own = certify("own");
    const [imposter, other] = [certify("imposter"), certify("other-host", { host: "127.0.0.2", of: "own" })];
    using unknown = await serve(imposter);
    using misnamed = await serve(other);
    using proper = await serve(own);
    const connectTo = async (port: number, certificates: string) =>
      connectEngine({ environment: { DOCKER_HOST: `tcp://127.0.0.1:${String(port)}`, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: certificates }, home });
    // Another authority's engine; one of another name; and a client of another authority.
    await expect(connectTo(unknown.port, own)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
    await expect(connectTo(misnamed.port, own)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE", message: expect.stringMatching(/altnames|IP: 127\.0\.0\.1/) as unknown });
    await expect(connectTo(proper.port, imposter)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
    expect(proper.passed()).toBe(0);
    expect((await connectTo(proper.port, own)).info.name).toMatch(/Docker|Podman/);
  });

  it("is not spoken to in the clear by a program that was told to verify, whatever listens there", async ({ expect }) => {
    const heard: string[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => undefined).on("data", (chunk: Buffer) => heard.push(chunk.toString("latin1")));
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = address === null || typeof address === "string" ? 0 : address.port;
    const environment = { DOCKER_HOST: `tcp://127.0.0.1:${String(port)}`, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: certify("verifier") };
    await expect(connectEngine({ environment, home })).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
    expect(heard.join("")).not.toContain("HTTP");
    server.close();
  });
});
