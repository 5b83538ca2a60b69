import { createWriteStream, existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { request, type IncomingMessage } from "node:http";
import { homedir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { connectEngine } from "@sbx/engine-docker";
import { createImageMaker } from "@sbx/images";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, type Host } from "../src/open-host.ts";

const DESCRIPTOR = {
  schemaVersion: "3",
  kind: "workload",
  displayName: "Theirs",
  version: "1.0",
  capabilities: [{ type: "com.docker.sandbox/network-policy@1", config: { runtime: { allow: ["example.com:443"] } } }],
};
const RECIPE = `ARG SBX_BASE
FROM \${SBX_BASE}
LABEL vnd.docker.sandbox.kit.descriptor="${JSON.stringify(DESCRIPTOR).replaceAll('"', String.raw`\"`)}"
RUN printf '#!/bin/sh\\necho "theirs says $* as $(id -un) with $THEIRS"\\n' > /usr/local/bin/theirs && chmod 4755 /usr/local/bin/theirs && rm /usr/bin/less
ENV THEIRS="a \\$b"
USER agent
ENTRYPOINT ["theirs", "--"]
`;

let host: Host;
let project: string;
beforeAll(async () => {
  host = openHost();
  project = await host.project("image-kit");
}, 300_000);
afterAll(() => host[Symbol.asyncDispose]());

/** Save an image as `docker save` does. */
async function save(image: string, file: string): Promise<void> {
  const socketPath = (process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock").replace(/^unix:\/\//, "");
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath, path: `/images/${image}/get` }, resolve)
      .on("error", reject)
      .end();
  });
  await pipeline(answer, createWriteStream(file));
}

describe("a Kit that comes as an image", () => {
  it("is added from what an engine saved, and runs with its own program, files and rules", { timeout: 900_000 }, async ({ expect }) => {
    const engine = await connectEngine({ environment: process.env, home: homedir(), labels: { "dev.sbx.test": "image-kit" } });
    const id = await createImageMaker({ engine, env: process.env }).agent({ name: "image-kit-test", dockerfile: RECIPE }, () => undefined, new AbortController().signal);
    const archive = path.join(host.home, "theirs.tar");
    await save(id, archive);
    expect(await host.sbx(["kit", "add", archive])).toMatchObject({ code: 0, stdout: expect.stringContaining("theirs: added") });
    expect((await host.sbx(["kit", "inspect", "theirs"])).stdout).toContain("example.com:443");
    const ran = await host.sbx(["run", "-q", "theirs", "-p", "hello"], { cwd: project });
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([0, expect.stringMatching(/^theirs says .*hello as agent with a \$b\n$/), expect.any(String)]);
    const [sandbox] = await host.sandboxes();
    const inside = await host.sbx(["exec", sandbox?.name ?? "", "sh", "-c", "test -e /usr/bin/less || echo gone; stat -c %a /usr/local/bin/theirs"]);
    expect(inside.stdout).toBe("gone\n755\n");
  });

  it("is refused where it is none, and leaves nothing", async ({ expect }) => {
    const noise = path.join(host.home, "noise.tar");
    await writeFile(noise, Buffer.alloc(10_240, "x"));
    const { code, stderr } = await host.sbx(["kit", "add", noise]);
    expect([code, stderr]).toEqual([125, expect.stringContaining("cannot be a Kit")]);
    expect(existsSync(path.join(host.home, "../config/agents/noise"))).toBe(false);
    expect((await host.sbx(["kit", "ls"])).stdout).not.toContain("noise");
  });
});
