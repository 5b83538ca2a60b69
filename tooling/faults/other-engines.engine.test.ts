import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { OwnEngine, REMAPPED_FROM, whyNoEngine, type EngineKind } from "@sbx/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "vitest";
import { bringImages, whyNoImages } from "./bring-images.ts";
import { Lab } from "./lab.ts";

const KINDS = ["docker-remapped", "podman"] as const satisfies readonly EngineKind[];
/** An account that is nobody's on any machine that runs these. */
const ORDINARY = 47_123;

const why = new Map(KINDS.map((kind) => [kind, whyNoEngine(kind) ?? whyNoImages()]));
for (const [kind, reason] of why) if (reason !== undefined) process.stdout.write(`skipped: sandboxes on ${kind}, ${kind === "podman" ? 4 : 5} tests, because ${reason}\n`);

describe.for(KINDS)("a sandbox on %s", (kind) => {
  const scope = new AsyncDisposableStack();
  const skip = why.get(kind) !== undefined;
  let own: OwnEngine;
  let lab: Lab;

  beforeAll(async () => {
    if (skip) return;
    own = scope.use(await OwnEngine.start(kind));
    await bringImages(own);
  }, 600_000);
  afterAll(() => scope.disposeAsync(), 120_000);
  beforeEach(() => {
    if (!skip) lab = new Lab({ DOCKER_HOST: own.host }, { enter: (cwd) => own.enter(cwd) });
  });
  afterEach(async () => {
    if (!skip) await lab[Symbol.asyncDispose]();
  });

  it.skipIf(skip).for([0, 1234, REMAPPED_FROM + 1000])("writes a workspace of uid %i as its owner, and is root nowhere (where the engine is installed)", async (owner, { expect }) => {
    const workspace = lab.workspace();
    execFileSync("git", ["init", "-q", workspace]);
    writeFileSync(path.join(workspace, ".git/hooks/pre-commit"), "mine\n");
    writeFileSync(path.join(workspace, "mine"), "mine\n", { mode: 0o600 });
    execFileSync("chown", ["-R", `${owner}:${owner}`, workspace]);
    const script = "id -u; cat mine; mkdir -p made/deep; echo x > made/deep/file; echo y >> mine; ln -s mine link; echo evil >> .git/hooks/pre-commit; sleep 30 & cat /proc/self/status | grep ^CapEff";
    const { out, err } = await lab.run(workspace, "sh", "-c", script);
    expect(out).toMatch(/^[1-9]\d*\nmine\nCapEff:\t0{16}\n$/);
    expect(err).toContain("Read-only file system");
    for (const name of ["mine", "made", "made/deep", "made/deep/file", "link"]) {
      const { uid, gid } = lstatSync(path.join(workspace, name));
      expect([name, uid, gid]).toEqual([name, owner, owner]);
    }
    expect(readFileSync(path.join(workspace, ".git/hooks/pre-commit"), "utf8")).toBe("mine\n");
    const pid = (await lab.docker("inspect", "-f", "{{.State.Pid}}", await lab.container("workload"))).trim();
    const outside = /^Uid:\t(\d+)\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    expect(Number(outside?.[1])).toBeGreaterThan(0);
    expect(outside?.[2]).toBe(outside?.[1]);
  });

  it.skipIf(skip)("reaches what is allowed, is told what is not, knows its own name, and leaves nothing (where the engine is installed)", async ({ expect }) => {
    const workspace = lab.workspace();
    const script = "getent hosts $(hostname) | head -1; curl -sS -m 10 http://not-allowed.example/; ls /sys/class/net; grep -c . /proc/net/route; ls -ld /run/sbx | cut -c1-10; cat /etc/resolv.conf";
    const { code, out } = await lab.run(workspace, "sh", "-c", script);
    expect(code).toBe(0);
    expect(out).toMatch(/^127\.0\.0\.1 .*shell-project\n/);
    expect(out).toContain("sbx policy allow not-allowed.example");
    expect(out).toMatch(/\nlo\n1\ndrwx------\nnameserver 127\.0\.0\.53\n/);
    expect((await lab.sbx("rm", "--force", "shell-project")).code).toBe(0);
    expect(await lab.left(workspace)).toEqual([]);
  });

  it.skipIf(skip || kind === "podman")("is refused to an ordinary caller whose id the engine does not have, before anything of it starts (where ids are remapped)", async ({ expect }) => {
    await using ordinary = new Lab({ DOCKER_HOST: own.host, HOME: "/nonexistent" }, { user: ORDINARY });
    const workspace = ordinary.workspace();
    for (const place of [ordinary.root, workspace]) chownSync(place, ORDINARY, ORDINARY);
    chmodSync(own.socket, 0o666);
    const { code, err } = await ordinary.run(workspace, "true");
    chmodSync(own.socket, 0o660);
    expect(code).toBe(125);
    expect(err).toContain(`none of them is uid ${ORDINARY} of this machine`);
    expect(err).toMatch(/fix: .*DOCKER_HOST.*root/);
    expect(await ordinary.inEngine()).toEqual([]);
    expect(readdirSync(workspace)).toEqual([]);
  });
});
