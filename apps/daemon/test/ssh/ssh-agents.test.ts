import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { EventInit, SandboxId } from "@sbx/contracts";
import type { SandboxRecord } from "@sbx/core";
import { afterEach, beforeEach, describe, it } from "vitest";
import { readKnownHosts } from "../../src/ssh/person-places.ts";
import { createSshAgents, type SshAgentParts } from "../../src/ssh/ssh-agents.ts";

const ID = "sbx_00000001" as SandboxId;
const UID = process.getuid?.() ?? 0;
/** The request for keys, and an answer that has none. */
const LIST = Buffer.from([0, 0, 0, 1, 11]);
const NO_KEYS = Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0]);
const FAILURE = Buffer.from([0, 0, 0, 1, 5]);

let root: string;
let servers: Server[];
/** By socket, how often somebody connected to an agent. */
let reached: Map<string, number>;
let events: EventInit[];
let writable: string[];
let record: SandboxRecord;
const at = (...parts: readonly string[]): string => path.join(root, ...parts);

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), "sbx-ssh-"));
  for (const name of ["home/.ssh", "work", "state", "config/skills"]) mkdirSync(at(name), { recursive: true });
  [servers, events, reached, writable] = [[], [], new Map(), [at("work")]];
  await agentAt(at("agent"));
  record = { id: ID, ssh: { runtime: { unrestricted: true } }, request: { sshAgent: { socket: at("agent") } } } as SandboxRecord;
});
afterEach(() => {
  for (const server of servers) server.close();
  rmSync(root, { recursive: true });
});

/** A person's agent that has no keys. */
async function agentAt(socket: string): Promise<void> {
  const server = createServer((client) => {
    reached.set(socket, (reached.get(socket) ?? 0) + 1);
    client.on("data", () => client.write(NO_KEYS)).on("error", () => undefined);
  });
  servers.push(server);
  server.listen(socket);
  await once(server, "listening");
}

function agents(config: Partial<SshAgentParts["config"]> = {}): ReturnType<typeof createSshAgents> {
  return createSshAgents({
    config: { beside: undefined, stateDirectory: at("state"), configDirectory: at("config"), home: at("home"), uid: UID, ...config },
    sandbox: () => record,
    writable: () => writable,
    record: (event) => events.push(event),
    onFault: () => undefined,
  });
}

/** What a program inside is answered. */
async function ask(directory: string, message = LIST): Promise<Buffer> {
  const socket = connect(path.join(directory, "sock"));
  socket.write(message);
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return answer;
}

describe("an SSH agent for a sandbox", () => {
  it("answers where the workload sees it, and tells what was done, until it is stopped", async ({ expect }) => {
    await using ssh = agents();
    const directory = at("state/pods", ID, "ssh");
    expect(await ssh.start(record, "runtime")).toEqual([{ kind: "bind", source: directory, target: "/.sbx/ssh", readonly: true }]);
    expect(await ask(directory)).toEqual(NO_KEYS);
    expect(await ask(directory, Buffer.from([0, 0, 0, 1, 19]))).toEqual(FAILURE);
    expect(events).toEqual([
      { type: "ssh.used", sandbox: ID, fields: { phase: "runtime", operation: "list" } },
      { type: "ssh.refused", sandbox: ID, fields: { phase: "runtime", reason: "message 19 does not pass" } },
    ]);
    await ssh.stop(ID);
    expect(existsSync(path.join(directory, "sock"))).toBe(false);
    await expect(ask(directory)).rejects.toThrow();
  });

  it("is not there in a phase that is not granted", async ({ expect }) => {
    await using ssh = agents();
    expect(await ssh.start(record, "install")).toEqual([]);
    record = { ...record, ssh: undefined };
    expect([await ssh.start(record, "runtime"), await ssh.resume(record)]).toEqual([[], undefined]);
    expect(existsSync(at("state/pods"))).toBe(false);
    expect([...reached]).toEqual([]);
  });

  it("is at another place in each phase, and ends in one alone", async ({ expect }) => {
    await using ssh = agents();
    record = { ...record, ssh: { install: { unrestricted: true }, runtime: { unrestricted: true } } };
    const places = [await ssh.start(record, "install"), await ssh.start(record, "runtime")].flat().map((mount) => (mount.kind === "bind" ? mount.source : ""));
    expect(new Set(places).size).toBe(2);
    await ssh.stop(ID, "install");
    await expect(ask(places[0] ?? "")).rejects.toThrow();
    expect(await ask(places[1] ?? "")).toEqual(NO_KEYS);
  });

  it("answers again for a workload that ran on without a daemon, in the directory that it has", async ({ expect }) => {
    const directory = at("state/pods", ID, "ssh");
    const before = agents();
    await before.start(record, "runtime");
    const { ino } = lstatSync(directory);
    await before[Symbol.asyncDispose]();
    // As after a daemon that was killed.
    writeFileSync(path.join(directory, "sock"), "");
    await using next = agents();
    await next.resume(record);
    expect([await ask(directory), lstatSync(directory).ino]).toEqual([NO_KEYS, ino]);
  });

  it("asks the agent that its person has now", async ({ expect }) => {
    await using ssh = agents();
    await ssh.start(record, "runtime");
    await agentAt(at("later"));
    record = { ...record, request: { ...record.request, sshAgent: { socket: at("later") } } };
    expect(await ask(at("state/pods", ID, "ssh"))).toEqual(NO_KEYS);
    expect([...reached]).toEqual([[at("later"), 1]]);
  });

  it("asks nobody once its person's socket may have been replaced by an agent, or is gone", async ({ expect }) => {
    await using ssh = agents();
    await ssh.start(record, "runtime");
    const directory = at("state/pods", ID, "ssh");
    writable = [root];
    expect(await ask(directory)).toEqual(FAILURE);
    writable = [];
    rmSync(at("agent"));
    expect(await ask(directory)).toEqual(FAILURE);
    expect([...reached]).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(["ssh.refused", "ssh.refused"]);
  });

  it("knows hosts by the person's file, and by none that an agent may write", async ({ expect }) => {
    await using ssh = agents();
    await expect(ssh.check({ socket: at("agent"), knownHosts: at("home/.ssh/known_hosts") }, [])).rejects.toMatchObject({ code: "PATH_NOT_FOUND" });
    writeFileSync(at("home/.ssh/known_hosts"), "");
    await ssh.check({ socket: at("agent"), knownHosts: at("home/.ssh/known_hosts") }, [at("work")]);
    writeFileSync(at("work/known_hosts"), "");
    symlinkSync(at("work/known_hosts"), at("home/linked"));
    for (const knownHosts of [at("work/known_hosts"), at("home/linked"), at("home")])
      await expect(ssh.check({ socket: at("agent"), knownHosts }, [at("work")])).rejects.toMatchObject({ code: "PATH_REFUSED" });
  });
});

describe("a file of known hosts", () => {
  it("is read as it is, from a file alone", async ({ expect }) => {
    writeFileSync(at("home/known"), "a b c\n");
    expect(await readKnownHosts(at("home/known"), { writable })).toBe("a b c\n");
    execFileSync("mkfifo", [at("home/fifo")]);
    for (const file of ["home/fifo", "home", "agent"]) await expect(readKnownHosts(at(file), { writable })).rejects.toBeDefined();
    truncateSync(at("home/known"), (16 << 20) + 1);
    await expect(readKnownHosts(at("home/known"), { writable })).rejects.toMatchObject({ code: "PATH_REFUSED" });
  });
});

describe("the socket of a person's agent", () => {
  it.for<[string, () => string, string]>([
    ["is missing", () => at("none"), "PATH_NOT_FOUND"],
    ["is a file", () => at("file"), "PATH_REFUSED"],
    ["lies in a workspace", () => at("work/agent"), "PATH_REFUSED"],
    ["is a link in a workspace to one outside", () => at("work/out"), "PATH_REFUSED"],
    ["is a link outside to one in a workspace", () => at("in"), "PATH_REFUSED"],
    ["is a link through a workspace to one outside", () => at("through"), "PATH_REFUSED"],
    ["lies below a link into a workspace", () => at("below/agent"), "PATH_REFUSED"],
    ["is a link to itself", () => at("loop"), "PATH_REFUSED"],
    ["is the daemon's own", () => at("state/sbxd.sock"), "PATH_REFUSED"],
    ["lies among skills", () => at("config/skills/agent"), "PATH_REFUSED"],
  ])("is refused where it %s", async ([, socket, code], { expect }) => {
    for (const one of ["work/agent", "state/sbxd.sock", "config/skills/agent"]) await agentAt(at(one));
    writeFileSync(at("file"), "");
    symlinkSync(at("agent"), at("work/out"));
    symlinkSync("work/agent", at("in"));
    symlinkSync("work/../work/out", at("through"));
    symlinkSync("work", at("below"));
    symlinkSync("loop", at("loop"));
    await using ssh = agents();
    await expect(ssh.check({ socket: socket() }, writable)).rejects.toMatchObject({ code });
    record = { ...record, request: { ...record.request, sshAgent: { socket: socket() } } };
    await ssh.start(record, "runtime");
    expect(await ask(at("state/pods", ID, "ssh"))).toEqual(FAILURE);
    expect([...reached]).toEqual([]);
  });

  it("is taken where it lies elsewhere, also through links of the person's", async ({ expect }) => {
    symlinkSync("../agent", at("home/agent"));
    symlinkSync("home", at("way"));
    await using ssh = agents();
    record = { ...record, request: { ...record.request, sshAgent: { socket: `${at("way")}//./agent` } } };
    await ssh.check({ socket: at("way/agent") }, writable);
    await ssh.start(record, "runtime");
    expect(await ask(at("state/pods", ID, "ssh"))).toEqual(NO_KEYS);
  });

  it("is refused where it is another user's", async ({ expect }) => {
    await using ssh = agents({ uid: UID + 1 });
    await expect(ssh.check({ socket: at("agent") }, [])).rejects.toMatchObject({ code: "PATH_REFUSED", message: expect.stringContaining("another user") });
  });

  it("is refused by a daemon beside its engine", async ({ expect }) => {
    await using ssh = agents({ beside: { engine: "", container: "", volume: "", pid: 1, socket: "", shares: [] } });
    await expect(ssh.check({ socket: at("agent") }, [])).rejects.toMatchObject({ code: "PLATFORM_UNSUPPORTED" });
  });

  it("is open inside to whatever user the sandbox has", async ({ expect }) => {
    await using ssh = agents();
    await ssh.start(record, "runtime");
    chmodSync(at("state"), 0o700);
    const directory = at("state/pods", ID, "ssh");
    expect([lstatSync(directory).mode & 0o7, lstatSync(path.join(directory, "sock")).mode & 0o777]).toEqual([0o5, 0o666]);
  });
});
