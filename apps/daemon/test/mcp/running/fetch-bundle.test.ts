import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { afterEach, beforeEach, describe, it } from "vitest";
import { selfSigned } from "../../../../../packages/egress-proxy/test/wall/self-signed.ts";
import { createFetchBundle } from "../../../src/mcp/running/fetch-bundle.ts";

const CERTIFICATE = selfSigned("bundles.test", "files.test");
const { signal } = new AbortController();
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "sbx-bundle-"));
});
afterEach(() => rm(directory, { recursive: true }));

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: unknown) => (AppError.is(error) ? error.code : String(error)),
  );

describe("the bytes of a bundle", () => {
  it("are an ordinary file of this machine: no link, directory, device or pipe", async ({ expect }) => {
    const fetch = createFetchBundle({ denials: () => [] });
    await writeFile(path.join(directory, "b.mcpb"), "bytes");
    await symlink("b.mcpb", path.join(directory, "link"));
    execFileSync("mkfifo", [path.join(directory, "pipe")]);
    expect((await fetch(path.join(directory, "b.mcpb"), signal)).toString()).toBe("bytes");
    for (const from of ["link", "pipe", "none", "."].map((name) => path.join(directory, name)).concat("b.mcpb", "/dev/zero", ""))
      expect([from, await codeOf(fetch(from, signal))]).toEqual([from, "SERVER_FAILED"]);
  });

  it("come from where an address leads, over https and public addresses only, and bring nothing there", async ({ expect }) => {
    const seen: string[] = [];
    const server = createServer(CERTIFICATE, (request, response) => {
      seen.push(`${request.headers.host ?? ""}${request.url ?? ""} ${request.headers.authorization ?? ""}`);
      const [to] = /(?<=\?to=).*/.exec(request.url ?? "") ?? [];
      if (to === undefined) response.end("bytes");
      else response.writeHead(302, { location: to }).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const fetch = createFetchBundle({
      denials: () => [{ id: "d", effect: "deny", to: "denied.test", layer: "user" }],
      // The guard judges the public address; the connection is made to the site of this test, whose peer is then another.
      world: {
        resolve: (name) => Promise.resolve([name === "inside.test" ? "10.0.0.1" : "93.184.216.34"]),
        connect: (to) => Object.defineProperty(connect({ ...to, host: "127.0.0.1", port }), "remoteAddress", { value: to.host }),
        hostAddresses: () => [],
        trust: [CERTIFICATE.cert],
      },
    });
    expect((await fetch("https://bundles.test/b", signal)).toString()).toBe("bytes");
    expect((await fetch("https://bundles.test/b?to=https://files.test/c", signal)).toString()).toBe("bytes");
    expect(seen).toEqual(["bundles.test/b ", "bundles.test/b?to=https://files.test/c ", "files.test/c "]);
    for (const from of [
      "http://bundles.test/b",
      "https://inside.test/b",
      "https://denied.test/b",
      "https://bundles.test/b?to=https://inside.test/c",
      "https://bundles.test/b?to=http://files.test/c",
      "https://bundles.test/b?to=https://169.254.169.254/",
      "https://user:secret@bundles.test/b",
      "https://[::1]/",
      "https://127.0.0.1/b",
      "https://10.0.0.1/b",
      "https://host.docker.internal:8443/b",
      "https://bundles.test/b?to=https://host.docker.internal:8443/",
      "https://bundles.test/b?to=https://0x7f.1/",
    ])
      expect([from, await codeOf(fetch(from, signal))]).toEqual([from, "SERVER_DENIED"]);
    server.closeAllConnections();
    server.close();
  });
});
