import { X509Certificate } from "node:crypto";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect, type Server, type TLSSocket } from "node:tls";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "vitest";
import { createAuthority, createHostContexts } from "../../src/wall/terminate/authority.ts";
import { writeCertificate } from "../../src/wall/terminate/certificate.ts";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";

/** What a client that trusts one authority says of a host's certificate; `undefined`: it takes it. */
async function judge(server: Server, ca: string, servername: string): Promise<string | undefined> {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");
  const socket: TLSSocket = connect({ host: "127.0.0.1", port: address.port, servername, ca: [ca] });
  try {
    await once(socket, "secureConnect");
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "unknown";
  } finally {
    socket.destroy();
  }
}

describe("an authority of the wall", () => {
  it("signs for one host at a time, and its clients take that for no other host and of no other authority", async ({ expect, onTestFinished }) => {
    const contexts = createHostContexts(Date.now);
    const [ours, other] = [createAuthority(), createAuthority()];
    const server = createServer({ SNICallback: (_, done) => done(null, contexts(ours, "api.test")) }).listen(0, "127.0.0.1");
    server.on("tlsClientError", () => {});
    onTestFinished(() => {
      server.close();
    });
    await once(server, "listening");
    expect(await judge(server, ours.certificate, "api.test")).toBeUndefined();
    expect(await judge(server, ours.certificate, "other.test")).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(await judge(server, other.certificate, "api.test")).toMatch(/SIGNATURE|UNABLE_TO/);
  });

  it("is one by X.509: for signing alone, and of no further authority", ({ expect }) => {
    const certificate = new X509Certificate(createAuthority().certificate);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.serialNumber).toMatch(/^01[0-9A-F]{30}$/);
    expect(Date.parse(certificate.validTo) - Date.now()).toBeGreaterThan(9 * 365 * 86_400_000);
  });

  it("satisfies a strict reader, for names as long as names may be", ({ expect, skip, onTestFinished }) => {
    if (spawnSync("openssl", ["version"]).error !== undefined) {
      process.stdout.write("skipped: certificates before a strict reader, because openssl is not on this machine\n");
      skip();
    }
    const directory = mkdtempSync(path.join(tmpdir(), "sbx-authority-"));
    onTestFinished(() => {
      rmSync(directory, { recursive: true });
    });
    const authority = createAuthority();
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const host = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(50)}.test`;
    const leaf = writeCertificate({ issuer: { name: "sbx wall", key: createPrivateKey(authority.key) }, name: "sbx", publicKey, days: 1, host });
    writeFileSync(path.join(directory, "ca.pem"), authority.certificate);
    writeFileSync(path.join(directory, "leaf.pem"), leaf);
    const verify = spawnSync("openssl", ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", host, "-CAfile", "ca.pem", "leaf.pem"], { cwd: directory, encoding: "utf8" });
    expect(verify.stdout + verify.stderr).toBe("leaf.pem: OK\n");
  });

  it("makes a host's certificate anew after a day, and keeps no more than some", ({ expect }) => {
    let now = 0;
    const contexts = createHostContexts(() => now);
    const authority = createAuthority();
    const first = contexts(authority, "a.test");
    expect(contexts(authority, "a.test")).toBe(first);
    now = 25 * 60 * 60 * 1000;
    const second = contexts(authority, "a.test");
    expect(second).not.toBe(first);
    for (let index = 0; index < 256; index += 1) contexts(authority, `h${index}.test`);
    expect(contexts(authority, "a.test")).not.toBe(second);
  });
});
