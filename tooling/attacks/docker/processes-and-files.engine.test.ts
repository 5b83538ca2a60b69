import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { pack, type Header } from "tar-stream";
import { afterAll, beforeAll, describe, test } from "vitest";
import { whyNoEngine } from "@sbx/testing";
import { DockerLab, IMAGE, type GuardedSandbox } from "./lab.ts";

const missing = whyNoEngine("docker");
const SECRET = `host-secret-${randomBytes(8).toString("hex")}`;
/** A name that nothing on this machine has. */
const MARK = `sbx-attack-${randomBytes(8).toString("hex")}`;
type Entry = readonly [Partial<Header> & Pick<Header, "name">, string];

async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const [header, text] of entries) tar.entry(header, text);
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe.skipIf(missing !== undefined)(`processes, archives, names and builds that would reach out${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  let box: GuardedSandbox;
  let other: GuardedSandbox;
  /** Directory of the host, with a secret, to which links of the workspace lead. */
  let host: string;
  /** The sandbox's containers: one runs, one was never started; both have the workspace. */
  const ids = { running: "", still: "" };
  let victim: string;

  beforeAll(async () => {
    lab = await DockerLab.open();
    box = await lab.guard();
    other = await lab.guard();
    host = await mkdtemp("/tmp/sbx-host-");
    await writeFile(`${host}/secret`, SECRET);
    await symlink(host, `${box.workspace}/hostdir`);
    await symlink(`${host}/secret`, `${box.workspace}/hostfile`);
    victim = await other.child({}, { Env: [`TOKEN=${SECRET}`] });
    const binds = { Binds: [`${box.workspace}:/w`] };
    ids.running = await box.child(binds);
    ids.still = ((await box.ask("POST", "/v1.41/containers/create", { Image: IMAGE, Cmd: ["true"], HostConfig: binds })).json as { readonly Id: string }).Id;
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    await rm(host, { recursive: true });
  });

  const send = (method: string, path: string, bytes: Buffer) =>
    box.raw(Buffer.concat([Buffer.from(`${method} /v1.41/${path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\nContent-Length: ${bytes.length}\r\nConnection: close\r\n\r\n`), bytes]));
  /** Processes that the engine has for the container, beside what the state says. */
  const execs = async () => ((await lab.raw.call({ method: "GET", path: ["containers", ids.running, "json"] })).body as { readonly ExecIDs: readonly string[] | null }).ExecIDs ?? [];

  const EXECS: readonly (readonly [string, object | string])[] = [
    ["with privilege", { Privileged: true }],
    ["with privilege as a number", { Privileged: 1 }],
    ["with privilege in small letters", { privileged: true }],
    ["with privilege said twice, once with an escape", '{"Cmd":["true"],"Privileged":false,"Privil\\u0065ged":true}'],
    ["with a capability", { CapAdd: ["SYS_ADMIN"] }],
    ["without seccomp", { SecurityOpt: ["seccomp=unconfined"] }],
    ["with settings of a container", { HostConfig: { Privileged: true } }],
    ["in another sandbox's container, by its body", { Container: "VICTIM" }],
    ["by a user of two lines", { User: "root\nroot" }],
    ["by a user that is a path", { User: "../../root" }],
    ["with a zero byte in its command", { Cmd: ["true\u0000"] }],
    ["whose command is text", { Cmd: "true" }],
    ["without a command", { Cmd: [] }],
    ["in a directory with dots", { WorkingDir: "/w/../proc" }],
    ["with a variable that has no name", { Env: ["=x"] }],
  ];
  test.for(EXECS)("a process %s is refused, and none is made", async ([, body], { expect }) => {
    const [before, processes] = [await lab.state(), await execs()];
    const text = typeof body === "string" ? body : JSON.stringify({ Cmd: ["true"], ...body }).replace("VICTIM", victim);
    expect((await box.ask("POST", `/v1.41/containers/${ids.running}/exec`, text)).status).toBe(400);
    expect(await execs()).toEqual(processes);
    expect(await lab.state()).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test.for([
    ["with privilege", '{"Detach":true,"Privileged":true}'],
    ["with another user", '{"Detach":true,"User":"root"}'],
    ["with a second document", '{"Detach":true}{"Detach":true}'],
    ["with a name twice", '{"Detach":true,"Detach":false}'],
  ] as const)("a process is not started %s", async ([, body], { expect }) => {
    const { Id } = (await box.ask("POST", `/v1.41/containers/${ids.running}/exec`, { Cmd: ["touch", `/w/${MARK}`] })).json as { readonly Id: string };
    expect((await box.ask("POST", `/v1.41/exec/${Id}/start`, body)).status).toBe(400);
    const { body: inspected } = await lab.raw.call({ method: "GET", path: ["exec", Id, "json"] });
    expect(inspected).toMatchObject({ Running: false, ExitCode: null, Pid: 0 });
    expect(existsSync(`${box.workspace}/${MARK}`)).toBe(false);
  });

  const ARCHIVES: readonly (readonly [string, readonly Entry[]])[] = [
    ["with a hook of the repository", [[{ name: `.git/hooks/${MARK}`, mode: 0o755 }, "#!/bin/sh\n"]]],
    ["with a hook by way of dots", [[{ name: `x/../.git/hooks/${MARK}` }, "#!/bin/sh\n"]]],
    [
      "with a link in place of the hooks",
      [
        [{ name: ".git/hooks", type: "symlink", linkname: "/w" }, ""],
        [{ name: `.git/hooks/${MARK}` }, "x"],
      ],
    ],
    ["through a link of the workspace that leads to the host", [[{ name: `hostdir/${MARK}` }, "x"]]],
    [
      "through a link of its own that leads to everything",
      [
        [{ name: "all", type: "symlink", linkname: "/" }, ""],
        [{ name: `allHOST/${MARK}` }, "x"],
      ],
    ],
    ["above its target", [[{ name: `../../../../../../HOST/${MARK}` }, "x"]]],
    ["at an absolute path", [[{ name: `HOST/${MARK}` }, "x"]]],
    [
      "through another name of the host's file",
      [
        [{ name: "stolen", type: "link", linkname: "HOST/secret" }, ""],
        [{ name: "stolen" }, "overwritten"],
      ],
    ],
    ["with a device", [[{ name: MARK, type: "block-device", devmajor: 8, devminor: 0 }, ""]]],
    ["with a pipe", [[{ name: MARK, type: "fifo" }, ""]]],
  ];
  const TARGETS = ARCHIVES.flatMap(([name, entries]) => (["running", "still"] as const).map((which) => ({ name, entries, which })));
  test.for(TARGETS)("an archive $name, put into the workspace of a container ($which), changes nothing of the host", async ({ entries, which }, { expect }) => {
    const before = await lab.state();
    const placed = entries.map(([header, text]): Entry => [
      { ...header, name: header.name.replace("HOST", host), ...(typeof header.linkname === "string" ? { linkname: header.linkname.replace("HOST", host) } : {}) },
      text,
    ]);
    await send("PUT", `containers/${ids[which]}/archive?path=/w`, await tarOf(placed));
    expect(await readdir(host)).toEqual(["secret"]);
    expect((await stat(`${host}/secret`)).size).toBe(SECRET.length);
    expect((await stat(`${host}/secret`)).nlink).toBe(1);
    expect(await readdir(`${box.workspace}/.git/hooks`)).toEqual([]);
    expect((await lstat(`${box.workspace}/.git/hooks`)).isDirectory()).toBe(true);
    // What it may leave is a file of the workspace itself, and none that is anything else than a file.
    const left = await lstat(`${box.workspace}/${MARK}`).catch(() => undefined);
    expect(left === undefined || left.isFile()).toBe(true);
    for (const name of ["all", "stolen", MARK, "x"]) await rm(`${box.workspace}/${name}`, { recursive: true, force: true });
    expect(await lab.state()).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test.for(["running", "still"] as const)("an archive leaves no file in the workspace that runs as its owner (%s)", async (which, { expect }) => {
    await send("PUT", `containers/${ids[which]}/archive?path=/w`, await tarOf([[{ name: MARK, mode: 0o7755, uid: 0, gid: 0 }, "#!/bin/sh\n"]]));
    expect(((await stat(`${box.workspace}/${MARK}`)).mode & 0o7000).toString(8)).toBe("0");
    await rm(`${box.workspace}/${MARK}`);
  });

  test.for([
    ["a link of the workspace", "/w/hostfile"],
    ["a link of the workspace to a directory", "/w/hostdir/"],
    ["a file behind such a link", "/w/hostdir/secret"],
    ["the first process's root", "/proc/1/rootHOST/secret"],
    ["the engine's own root", "/proc/self/rootHOST/secret"],
    ["dots", "/w/../../../../../..HOST/secret"],
    ["the path itself", "HOST/secret"],
  ] as const)("nothing of the host is read from a container by way of %s", async ([, path], { expect }) => {
    const before = await lab.state();
    for (const id of [ids.running, ids.still]) {
      const answer = await box.raw(`GET /v1.41/containers/${id}/archive?path=${encodeURIComponent(path.replace("HOST", host))} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 (?:200|400|404|500)/);
      expect(answer).not.toContain(SECRET);
    }
    expect(await lab.state()).toBe(before);
  });

  test("an archive for a link of the workspace that leads to the host puts nothing there", async ({ expect }) => {
    for (const id of [ids.running, ids.still]) {
      await send("PUT", `containers/${id}/archive?path=/w/hostdir`, await tarOf([[{ name: MARK }, "x"]]));
      await send("PUT", `containers/${id}/archive?path=${encodeURIComponent("/w/hostdir/")}`, await tarOf([[{ name: MARK }, "x"]]));
    }
    expect(await readdir(host)).toEqual(["secret"]);
    expect(box.faults).toEqual([]);
  });

  test("a container that is called by another sandbox's id does not stand for it", async ({ expect }) => {
    for (const name of [victim, victim.slice(0, 12)]) {
      const { Id } = (await box.ask("POST", `/v1.41/containers/create?name=${name}`, { Image: IMAGE, Cmd: ["true"] })).json as { readonly Id: string };
      const before = await lab.raw.call({ method: "GET", path: ["containers", victim, "json"] });
      expect((await box.ask("GET", `/v1.41/containers/${name}/json`)).text).not.toContain(SECRET);
      expect((await box.ask("POST", `/v1.41/containers/${name}/kill`)).status).toBe(409);
      expect((await box.ask("DELETE", `/v1.41/containers/${name}?force=1`)).status).toBe(204);
      expect((await box.ask("GET", `/v1.41/containers/${Id}/json`)).status).toBe(404);
      const after = await lab.raw.call({ method: "GET", path: ["containers", victim, "json"] });
      expect(after.body).toEqual(before.body);
    }
  });

  test.for([
    ["a name of two lines", "POST", `containers/create?name=a%0D%0AX-Evil:%201`, { Image: IMAGE, Cmd: ["true"] }],
    ["a container of two lines", "POST", "containers/a%0D%0AX-Evil:%201/start", undefined],
    ["a volume of two lines", "DELETE", "volumes/a%0D%0AX-Evil:%201", undefined],
    ["a signal of two words", "POST", "containers/RUNNING/kill?signal=TERM%20KILL", undefined],
    ["a path of two lines", "GET", "containers/RUNNING/archive?path=/w%0D%0AX-Evil:%201", undefined],
    ["a start with settings", "POST", "containers/STILL/start", { Privileged: true, Binds: ["/:/host"] }],
    ["a restart with settings", "POST", "containers/RUNNING/restart", { HostConfig: { Privileged: true } }],
    ["a commit that brings sbx's labels", "POST", "commit?container=STILL&repo=evil&changes=LABEL%20dev.sbx.role%3Dgate", {}],
    ["a commit with sbx's labels in its body", "POST", "commit?container=STILL&repo=evil", { Labels: { "dev.sbx.role": "gate" } }],
    ["a commit that brings a step of a build", "POST", "commit?container=STILL&repo=evil&changes=RUN%20true", {}],
    ["a network whose name is two lines", "POST", "networks/create", { Name: "a\r\nX-Evil: 1" }],
    ["a label whose name is none", "POST", "volumes/create", { Name: "evil", Labels: { "": "x" } }],
  ] as const)("%s: refused, and nothing happens", async ([, method, path, body], { expect }) => {
    const before = await lab.state();
    expect((await box.ask(method, `/v1.41/${path.replace("RUNNING", ids.running).replace("STILL", ids.still)}`, body)).status).toBeOneOf([400, 403, 404]);
    expect(await lab.state()).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test("an image whose check would run a thousand times a second does not", async ({ expect }) => {
    const made = await box.ask("POST", `/v1.41/commit?container=${ids.still}&repo=busy&changes=${encodeURIComponent("HEALTHCHECK --interval=1ms --timeout=1ms CMD true")}`, {});
    expect(made.status).toBe(201);
    const { Id } = (await box.ask("POST", "/v1.41/containers/create", { Image: "busy", Cmd: ["true"] })).json as { readonly Id: string };
    const { body } = await lab.raw.call({ method: "GET", path: ["containers", Id, "json"] });
    expect((body as { readonly Config: { readonly Healthcheck: { readonly Interval: number } } }).Config.Healthcheck.Interval).toBeGreaterThanOrEqual(5e8);
    await box.ask("DELETE", `/v1.41/containers/${Id}`);
    await box.ask("DELETE", "/v1.41/images/busy");
  });

  const CONTEXTS: readonly (readonly [string, readonly Entry[]])[] = [
    ["whose Dockerfile is a link out of it", [[{ name: "Dockerfile", type: "symlink", linkname: "/etc/passwd" }, ""]]],
    [
      "with another name of a file of the host",
      [
        [{ name: "Dockerfile" }, `FROM ${IMAGE}\nCOPY stolen /stolen\n`],
        [{ name: "stolen", type: "link", linkname: "/etc/shadow" }, ""],
      ],
    ],
    [
      "with another name of a file above it",
      [
        [{ name: "Dockerfile" }, `FROM ${IMAGE}\nCOPY stolen /stolen\n`],
        [{ name: "stolen", type: "link", linkname: "../../etc/shadow" }, ""],
      ],
    ],
    [
      "with a device",
      [
        [{ name: "Dockerfile" }, `FROM ${IMAGE}\nCOPY sda /sda\n`],
        [{ name: "sda", type: "block-device", devmajor: 8, devminor: 0 }, ""],
      ],
    ],
    ["that copies from another sandbox's container", [[{ name: "Dockerfile" }, `FROM ${IMAGE}\nCOPY --from=VICTIM /etc/passwd /x\n`]]],
    ["that goes on from another sandbox's container", [[{ name: "Dockerfile" }, "FROM VICTIM\n"]]],
  ];
  test.for(CONTEXTS)("a build %s is refused, and nothing happens", async ([, entries], { expect }) => {
    const before = await lab.state();
    const answer = await send("POST", "build?t=evil", await tarOf(entries.map(([header, text]) => [header, text.replace("VICTIM", victim)])));
    expect(answer).toMatch(/^HTTP\/1\.1 400 |"errorDetail"/);
    expect(answer).not.toContain("Successfully built");
    expect(await lab.state()).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test("a step's link to the host's root leads COPY and WORKDIR nowhere but into the image", async ({ expect }) => {
    await mkdir(`${host}/inside`);
    const dockerfile = `FROM ${IMAGE}\nRUN ln -s /proc/1/root${host} /way && ln -s ${host} /other\nWORKDIR /other/inside\nCOPY f /way/${MARK}\nCOPY f /other/${MARK}\nADD f /other/inside/${MARK}\n`;
    const answer = await send(
      "POST",
      "build?t=linked",
      await tarOf([
        [{ name: "Dockerfile" }, dockerfile],
        [{ name: "f" }, "x"],
      ]),
    );
    expect(answer).toMatch(/Successfully built|"errorDetail"/);
    expect((await readdir(host)).toSorted()).toEqual(["inside", "secret"]);
    expect(await readdir(`${host}/inside`)).toEqual([]);
    await rm(`${host}/inside`, { recursive: true });
    expect(box.faults).toEqual([]);
  });
});
