import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it, onTestFinished } from "vitest";
import type { ExecProcess } from "@sbx/core";
import { HoldLink } from "../src/index.ts";
import { firstProcess, openDescriptors } from "./first-process.ts";

const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
const spec = { command: ["program", "argument"], env: { NAME: "value" }, user: `${uid}:${gid}`, workdir: "/", stdin: false };

/** All that a process says, and how it ends. */
async function ending(process: ExecProcess | undefined): Promise<readonly [string, string, number]> {
  if (process === undefined) throw new Error("it was not started");
  return Promise.all([text(process.stdout), text(process.stderr), process.exit]);
}

async function linked(script: string): Promise<HoldLink> {
  const first = await firstProcess(script);
  const link = new HoldLink({ connection: first.connection });
  onTestFinished(async () => {
    link[Symbol.dispose]();
    await first[Symbol.asyncDispose]();
  });
  return link;
}

describe("a program that pid 1 starts", () => {
  it("has its streams, and its exit code when its output was read", async ({ expect }) => {
    const link = await linked(`
id, request, (i, o, e) = take()
answer(STARTED, id)
os.write(o, os.read(i, 100)); os.write(e, request[16:].replace(b"\\0", b"|"))
answer(EXITED, id, 3)`);
    const process = await link.start({ ...spec, stdin: true });
    process?.stdin.end("typed");
    expect(await ending(process)).toEqual(["typed", "/|program|argument|NAME=value|", 3]);
  });

  it("gives ends of file where nobody writes", async ({ expect }) => {
    const link = await linked(`
id, _, fds = take()
answer(STARTED, id); answer(EXITED, id, len(fds))
for fd in fds: os.close(fd)`);
    const process = await link.start(spec);
    expect(await ending(process)).toEqual(["", "", 2]);
  });

  it("ends with pid 1", async ({ expect }) => {
    const link = await linked(`id, _, fds = take(); answer(STARTED, id)`);
    const process = await link.start(spec);
    process?.stdout.resume();
    process?.stderr.resume();
    expect(await process?.exit).toBe(137);
    expect(link.isOpen).toBe(false);
    expect(await link.start(spec)).toBeUndefined();
  });

  it("has ended, also for those who do not look at an output in which nothing is", async ({ expect }) => {
    const link = await linked(`
id, _, fds = take(); answer(STARTED, id); os.write(fds[0], b"said"); answer(EXITED, id, 4)
for fd in fds: os.close(fd)
time.sleep(60)`);
    const process = await link.start(spec);
    const ended = process?.exit.then((code) => `ended with ${code}`);
    expect(await Promise.race([ended, sleep(300, "not before its output was read")])).toBe("not before its output was read");
    process?.stdout.resume();
    expect(await ended).toBe("ended with 4");
  });

  it("is not awaited for ever by what it left running", async ({ expect }) => {
    const link = await linked(`id, _, fds = take(); os.write(fds[0], b"before"); answer(STARTED, id); answer(EXITED, id, 0); time.sleep(60)`);
    const process = await link.start(spec);
    expect(await ending(process)).toEqual(["before", "", 0]);
  });

  it("tells pid 1 which output nobody reads any more", async ({ expect }) => {
    const link = await linked(`
id, _, fds = take(); answer(STARTED, id)
left = c.recv(100)
os.write(fds[1], b"%d %d" % (left[5], left[7])); answer(EXITED, id, 0)
for fd in fds: os.close(fd)`);
    const process = await link.start(spec);
    process?.stdout.destroy();
    expect(process === undefined ? undefined : await Promise.all([text(process.stderr), process.exit])).toEqual(["2 1", 0]);
  });

  it("keeps nothing of its streams open when it has ended, whoever has their other ends and never ends its input", async ({ expect }) => {
    const link = await linked(`
kept = []
while True:
    id, _, fds = take(); kept += fds
    answer(STARTED, id); answer(EXITED, id, 0)`);
    const before = openDescriptors();
    const ended = await Promise.all(
      [1, 2, 3].map(async () => {
        const process = await link.start({ ...spec, stdin: true });
        process?.stdin.write(Buffer.alloc(1 << 20));
        return [process, await ending(process)] as const;
      }),
    );
    for (const [process, end] of ended) {
      expect(end).toEqual(["", "", 0]);
      expect(await new Promise((resolve) => process?.stdin.write("too late", () => resolve("dropped")))).toBe("dropped");
      await new Promise<void>((resolve) => process?.stdin.end(resolve));
    }
    await expect.poll(openDescriptors).toBe(before);
  });

  it("goes on without whoever leaves it", async ({ expect }) => {
    const link = await linked(`id, _, fds = take(); answer(STARTED, id); time.sleep(60)`);
    const process = await link.start(spec);
    process?.detach();
    await expect(process?.exit).rejects.toMatchObject({ code: "INTERRUPTED" });
    const other = link.start(spec);
    link[Symbol.dispose]();
    await expect(other).rejects.toMatchObject({ code: "INTERRUPTED" });
  });
});

describe("what pid 1 cannot start", () => {
  it("is left to the engine: refused, too long, somebody else's, or nothing to run", async ({ expect }) => {
    const link = await linked(`
while True:
    id, _, fds = take(); answer(REFUSED, id, 11)
    for fd in fds: os.close(fd)`);
    expect(await link.start(spec)).toBeUndefined();
    expect(await link.start({ ...spec, command: ["x".repeat(70_000)] })).toBeUndefined();
    expect(await link.start({ ...spec, command: [] })).toBeUndefined();
    expect(await link.start({ ...spec, user: "agent" })).toBeUndefined();
    expect(link.isOpen).toBe(true);
  });

  it("is left to the engine where this process may not give its pipes away", async ({ expect }) => {
    const first = await firstProcess("take()");
    onTestFinished(() => first[Symbol.asyncDispose]());
    using link = new HoldLink({ connection: first.connection, mayBe: () => false });
    expect(await link.start(spec)).toBeUndefined();
  });
});

describe("a first process that is not ours", () => {
  it.for([
    ["says what is no answer", `c.send(b"hello")`],
    ["says too much", `c.send(b"SBXH" + bytes(13))`],
    ["passes descriptors", `c.sendmsg([b"SBXH\\x01\\x01\\0\\0" + bytes(8)], [(1, 1, array.array("i", [0, 1, 2]))])`],
    ["tells of thousands of programs that nobody started", `[answer(EXITED, n) for n in range(2000)]`],
    ["answers the same start for ever", `[answer(STARTED, id) for n in range(2000)]`],
    ["tells of an exit code that is none", `answer(EXITED, id, 256)`],
  ] as const)("is not spoken with again when it %s, and nothing of it is kept", async ([, says], { expect }) => {
    const before = openDescriptors();
    const first = await firstProcess(`id, _, fds = take(); answer(STARTED, id); ${says}\ntime.sleep(60)`);
    const link = new HoldLink({ connection: first.connection });
    const process = await link.start(spec);
    await expect(process?.exit).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    process?.detach();
    expect(link.isOpen).toBe(false);
    expect(await link.start(spec)).toBeUndefined();
    await first[Symbol.asyncDispose]();
    await expect.poll(openDescriptors).toBe(before);
  });

  it("cannot hold this process up by the state of the pipes that it was given", async ({ expect }) => {
    const link = await linked(`
id, _, fds = take()
for fd in fds: fcntl.fcntl(fd, fcntl.F_SETFL, 0)
for fd in fds[1:]:
    again = os.open("/proc/self/fd/%d" % fd, os.O_RDWR)
    fcntl.fcntl(again, fcntl.F_SETPIPE_SZ, 4096)
    os.write(fd, b"x" * 4096)
answer(STARTED, id)
time.sleep(60)`);
    const process = await link.start({ ...spec, stdin: true });
    process?.stdin.write(Buffer.alloc(1 << 20));
    process?.stdout.resume();
    process?.stderr.resume();
    let turns = 0;
    for (; turns < 20; turns += 1) await sleep(5);
    expect(turns).toBe(20);
    process?.detach();
  });

  it("leaves no descriptor behind, however many starts it refuses", async ({ expect }) => {
    const first = await firstProcess(`
while True:
    id, _, fds = take()
    answer(REFUSED, id, 1)
    for fd in fds: os.close(fd)`);
    const before = openDescriptors();
    const link = new HoldLink({ connection: first.connection });
    for (let turn = 0; turn < 50; turn += 1) await link.start({ ...spec, stdin: true });
    link[Symbol.dispose]();
    expect(openDescriptors()).toBe(before - 1);
    await first[Symbol.asyncDispose]();
  });
});
