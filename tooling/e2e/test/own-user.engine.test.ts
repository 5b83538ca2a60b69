import { spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, type Host } from "../src/open-host.ts";

/** Neither the floor's user of images, nor the workspace's owner, nor one of this machine's. */
const [OWN, OWNER] = [4321, 1234];
/** Uid and gid of an account of this machine, which is not root. */
const [OTHER = "", GROUP = ""] =
  readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":").slice(2, 4))
    .findLast(([uid, gid]) => uid !== "0" && gid !== "0" && gid !== undefined) ?? [];

let host: Host;
let cwd: string;
beforeAll(async () => {
  host = openHost({ SBX_KEEP_READY: "no" });
  cwd = await host.project("desk", OWNER);
}, 600_000);
afterAll(() => host[Symbol.asyncDispose](), 60_000);

/** Write a workload into the person's home whose image has a user of its own. */
function workload(name: string, made: string, capabilities: readonly unknown[]): string {
  const directory = path.join(host.home, "kits", name);
  mkdirSync(directory, { recursive: true });
  const descriptor = { schemaVersion: "3", kind: "workload", capabilities: [{ type: "com.docker.sandbox/sbx@1" }, ...capabilities] };
  writeFileSync(path.join(directory, "kit.yaml"), JSON.stringify(descriptor));
  writeFileSync(path.join(directory, "kit.dockerfile"), `ARG SBX_BASE\nFROM \${SBX_BASE}\nUSER root\nRUN ${made}\nUSER worker\nWORKDIR /home/worker/workspace\nCMD ["bash"]\n`);
  return directory;
}

const MADE = `groupadd --gid ${OWN} worker && useradd --create-home --uid ${OWN} --gid ${OWN} --shell /bin/bash worker && echo of the image > /home/worker/.kept && chown worker: /home/worker/.kept`;
const startup = (word: string) => ({ type: "com.docker.sandbox/lifecycle@1", config: { startup: [{ command: ["sh", "-c", `printf '${word} ' >> /var/tmp/order`] }] } });

describe("a workload that asks for its image's own user", () => {
  it("runs as that one, in its home, and its files in the workspace are their owner's", { timeout: 600_000 }, async ({ expect }) => {
    const kit = workload("own", MADE, [
      { type: "com.docker.sandbox/agent-context@1", config: { filename: "AGENTS.md", content: "of the workload" } },
      {
        type: "com.docker.sandbox/lifecycle@1",
        config: {
          install: [{ command: "id -un > /home/worker/by-hook; echo $HOME >> /home/worker/by-hook", user: "worker" }],
          files: [{ path: "/var/tmp/told/x", content: "${{ kit.env.HOME }} ${{ kit.env.USER }}" }],
        },
      },
      { group: { optional: true, capabilities: [startup("one")] } },
      { group: { capabilities: [startup("two")] } },
    ]);
    expect((await host.sbx(["kit", "inspect", kit])).stdout).toContain('runs as        "worker" of its image');
    expect(await host.sbx(["create", "-q", "--name", "box", kit, cwd])).toMatchObject({ code: 0 });
    const inside = async (script: string): Promise<string> => (await host.sbx(["exec", "box", "sh", "-c", script])).stdout;
    expect(await inside("id -u; id -g; id -un; echo $HOME $USER; cat ~/.kept ~/by-hook /var/tmp/told/x; stat -c ' %U' /var/tmp/told/x")).toBe(
      `${OWN}\n${OWN}\nworker\n/home/worker worker\nof the image\nworker\n/home/worker\n/home/worker worker worker\n`,
    );
    expect(await inside("cat /home/worker/AGENTS.md")).toContain("of the workload");
    expect(await inside("cat /var/tmp/order")).toBe("one two ");
    expect(await inside("stat -c %u README.md; echo changed >> README.md; mkdir made; echo x > made/x")).toBe(`${OWN}\n`);
    for (const file of ["README.md", "made", "made/x"]) expect(statSync(path.join(cwd, file)).uid).toBe(OWNER);
    expect(readFileSync(path.join(cwd, "README.md"), "utf8")).toContain("changed");
  });

  it("sees files of the number that it has as somebody else's, and reads none that their owner keeps", { timeout: 300_000 }, async ({ expect }) => {
    const [mine, theirs] = [path.join(cwd, "mine"), path.join(cwd, "theirs")];
    for (const [file, uid] of [
      [mine, OWNER],
      [theirs, OWN],
    ] as const) {
      writeFileSync(file, "kept\n", { mode: 0o600 });
      chownSync(file, uid, uid);
    }
    const { stdout } = await host.sbx(["exec", "box", "sh", "-c", "cat mine; cat theirs; echo x >> theirs; rm -f theirs.copy; cp theirs theirs.copy"]);
    expect(stdout).toBe("kept\n");
    expect(readFileSync(theirs, "utf8")).toBe("kept\n");
    expect(existsSync(path.join(cwd, "theirs.copy"))).toBe(false);
  });

  it("writes its files again into new containers, and keeps its user over stop, start and recreate", { timeout: 300_000 }, async ({ expect }) => {
    const seen = async (): Promise<string> => (await host.sbx(["exec", "box", "sh", "-c", "id -un; cat /var/tmp/told/x; cat /var/tmp/order"])).stdout;
    await host.sbx(["stop", "box"]);
    expect(await seen()).toBe("worker\n/home/worker workerone two one two ");
    expect(await host.sbx(["recreate", "--force", "box"])).toMatchObject({ code: 0 });
    expect(await seen()).toBe("worker\n/home/worker workerone two ");
  });

  it("is no other account of this machine, which would be the workspace's owner by way of the sandbox", { timeout: 300_000 }, async ({ expect }) => {
    const made = `groupadd --non-unique --gid ${GROUP} worker && useradd --create-home --non-unique --uid ${OTHER} --gid ${GROUP} worker`;
    const theirs = await host.project("theirs", OWNER);
    const secret = path.join(theirs, "secret");
    writeFileSync(secret, "kept\n", { mode: 0o600 });
    chownSync(secret, OWNER, OWNER);
    expect(await host.sbx(["create", "-q", "--name", "other", workload("other", made, []), theirs])).toMatchObject({ code: 0 });
    const enter = `for one in /proc/[0-9]*; do cat $one/root${secret}; done`;
    const session = host.sbx(["exec", "other", "sh", "-c", "touch begun; until [ -e ended ]; do sleep 0.1; done; id -u; id -un; cat secret; echo x > ~/x && cat ~/x"]);
    await expect.poll(() => existsSync(path.join(theirs, "begun")), { timeout: 60_000 }).toBe(true);
    const seen = spawnSync("sh", ["-c", enter], { uid: Number(OTHER), gid: Number(GROUP), encoding: "utf8" });
    writeFileSync(path.join(theirs, "ended"), "");
    expect(seen.stdout).toBe("");
    expect((await session).stdout).toBe(`${OWNER}\nworker\nkept\nx\n`);
    expect(await host.sbx(["rm", "--force", "other"])).toMatchObject({ code: 0 });
  });

  it("writes as their owners in all that it sees of this machine, and its own containers do", { timeout: 300_000 }, async ({ expect }) => {
    const desk = await host.project("owned", OWNER);
    const further = await host.project("further", 777);
    for (const [file, uid] of [
      [`${desk}/theirs`, OWN],
      [`${desk}/hidden`, OWNER],
      [`${further}/theirs`, OWN],
    ] as const) {
      writeFileSync(file, "kept\n", { mode: 0o600 });
      chownSync(file, uid, uid);
    }
    const kit = workload("owned", MADE, [{ type: "com.docker.sandbox/host-mount@1", config: { path: "/opt/cache" } }]);
    const options = ["--name", "owned", "--share", "/opt/cache", "--hide", "hidden", "--mount-docker-socket"];
    expect(await host.sbx(["create", "-q", ...options, kit, desk, further])).toMatchObject({ code: 0 });
    const attack = (file: string): string => `cat theirs hidden; echo x >> theirs; echo x > ${file}`;
    const child = (where: string): string => `docker run --rm --user ${OWN}:${OWN} -v ${where}:/w sbx/own:latest sh -c "cd /w; ${attack("by-child")}"`;
    const tried = [desk, further].map((one) => `cd ${one}; ${attack("made")}; mkdir sub; ${child(one)}; ${child(`${one}/sub`)}`);
    const { stdout } = await host.sbx(["exec", "owned", "sh", "-c", [...tried, `echo x > ${desk}/.git/config`, "echo shared > /opt/cache/x", "cat /opt/cache/x"].join("; ")]);
    expect(stdout).toBe("shared\n");
    for (const file of [`${desk}/theirs`, `${desk}/hidden`, `${further}/theirs`]) expect(readFileSync(file, "utf8")).toBe("kept\n");
    expect(readFileSync(`${desk}/.git/config`, "utf8")).not.toBe("x\n");
    const owners = ["made", "by-child", "sub", "sub/by-child"].flatMap((file) => [desk, further].map((one) => statSync(`${one}/${file}`)).map(({ uid, gid }) => `${uid}:${gid}`));
    expect(owners).toEqual(Array.from({ length: 4 }, () => [`${OWNER}:${OWNER}`, "777:777"]).flat());
    expect(await host.sbx(["rm", "--force", "owned"])).toMatchObject({ code: 0 });
  });

  it.for([
    ["who is root by number", "useradd --create-home --non-unique --uid 0 worker", "no ordinary numbers"],
    ["whose home is elsewhere", `useradd --uid ${OWN} --home-dir /srv/worker --create-home worker`, "another one there"],
    ["whom its image does not have", "true", "does not have"],
  ] as const)("makes no sandbox for one %s, and leaves nothing", { timeout: 300_000 }, async ([what, made, why], { expect }) => {
    const name = what.replaceAll(" ", "-");
    const { code, stderr } = await host.sbx(["create", "-q", "--name", "none", workload(name, made, []), cwd]);
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining(why)]);
    expect((await host.sandboxes()).map((one) => one.name)).toEqual(["box"]);
  });
});
