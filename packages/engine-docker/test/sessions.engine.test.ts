import { AppError, type SessionId } from "@sbx/contracts";
import { createSessionRunner, HOLD_DETACHED, type Engine, type ExecProcess, type SessionRunner } from "@sbx/core";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { aSessionSpec, realEngine, startContainer } from "./test-container.ts";

const ENV = { PATH: "/usr/local/bin:/usr/bin:/bin", TERM: "xterm-256color", PS1: "$ ", ENV: "" };
const SIZE = { columns: 100, rows: 30 };
const user = "1000:1000";

let engine: Engine;
let runner: SessionRunner;
let container: string;
let scope: AsyncDisposableStack;
let count = 0;

beforeAll(async () => {
  scope = new AsyncDisposableStack();
  engine = await realEngine();
  runner = createSessionRunner({ exec: engine });
  container = scope.use(await startContainer(engine, aSessionSpec(inject("baseImage"), inject("holdProgram")))).id;
});
afterAll(async () => scope.disposeAsync());

function place(): { readonly container: string; readonly session: SessionId; readonly user: string } {
  count += 1;
  return { container, session: `ses_${String(count).padStart(8, "0")}` as SessionId, user };
}

async function open(command: readonly string[], at = place()) {
  await runner.openTerminal({ ...at, command, env: ENV, workdir: "/", size: SIZE });
  return at;
}

/** A viewer that remembers what it saw. */
class Viewer {
  readonly process: ExecProcess;
  seen = "";
  bytes = 0;

  constructor(process: ExecProcess) {
    this.process = process;
    process.stdout.on("data", (chunk: Buffer) => {
      this.bytes += chunk.length;
      this.seen = (this.seen + chunk.toString("latin1")).slice(-2_000_000);
    });
  }

  type(text: string): void {
    this.process.stdin.write(text);
  }

  async sees(text: string | RegExp): Promise<void> {
    const found = () => (typeof text === "string" ? this.seen.includes(text) : text.test(this.seen));
    for (let waited = 0; !found(); waited += 10) {
      if (waited > 10_000) throw new Error(`did not see ${String(text)}, but:\n${JSON.stringify(this.seen.slice(-2000))}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

async function view(at: ReturnType<typeof place>, size: typeof SIZE | undefined = SIZE): Promise<Viewer> {
  return new Viewer(await runner.attachTerminal({ ...at, size }));
}

async function processes(): Promise<string> {
  return (await engine.run(container, { command: ["sh", "-c", "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done"], env: ENV, user, workdir: "/" })).stdout;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 50) {
    if (waited > 8000) throw new Error("did not come to hold");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("terminal sessions", () => {
  it("give the program its size, what is typed and its exit code", async ({ expect }) => {
    const at = await open(["sh"]);
    const viewer = await view(at);
    viewer.type("stty size; test -t 0 && test -t 1 && echo is''tty\n");
    await viewer.sees("30 100");
    await viewer.sees("istty");
    expect(await runner.exitCodeOf(at)).toBeUndefined();
    viewer.type("exit 7\n");
    expect(await viewer.process.exit).toBe(7);
    expect(await runner.exitCodeOf(at)).toBe(7);
    expect(await runner.waitForEnd(at)).toBe(7);
  });

  it("pass on a new size, the newest of all viewers", async ({ expect }) => {
    const at = await open(["sh", "-c", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done"]);
    const first = await view(at);
    await first.sees("ready");
    await first.process.resize({ columns: 77, rows: 22 });
    await first.sees("22 77");
    const second = await view(at, { columns: 88, rows: 33 });
    await first.sees("33 88");
    await second.sees("33 88");
    await first.process.resize({ columns: 66, rows: 11 });
    await second.sees("11 66");
    await runner.signal({ ...at, signal: "SIGKILL" });
    expect(await runner.waitForEnd(at)).toBe(137);
  });

  it("show several viewers the same, and keep on when the attaching process is killed", async ({ expect }) => {
    const at = await open(["sh"]);
    const [first, second] = [await view(at), await view(at)];
    first.type("KEPT=val; echo one-$((40+2))\n");
    await first.sees("one-42");
    await second.sees("one-42");
    await engine.run(container, {
      command: ["sh", "-c", "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' < $p/cmdline) in /.sbx/hold\\ attach*) kill -9 ${p#/proc/};; esac; done"],
      env: ENV,
      user,
      workdir: "/",
    });
    expect(await first.process.exit).toBe(137);
    const third = await view(at);
    await third.sees("one-42");
    third.type("echo again-${KEPT}ue\n");
    await third.sees("again-value");
    third.type("exit\n");
    expect(await third.process.exit).toBe(0);
  });

  it("leave nothing behind when a viewer goes, and keep the program", async ({ expect }) => {
    const at = await open(["sh"]);
    const viewer = await view(at);
    viewer.type("echo here-$((1+1))\n");
    await viewer.sees("here-2");
    viewer.process.detach();
    await expect(viewer.process.exit).rejects.toMatchObject({ code: "INTERRUPTED" });
    await until(async () => !(await processes()).includes(`attach /run/sbx/${at.session}`));
    expect(await runner.list({ container, user })).toContainEqual({ session: at.session, state: { phase: "running" } });
    await runner.signal({ ...at, signal: "SIGHUP" });
    expect(await runner.waitForEnd(at)).toBe(129);
  });

  it("make viewers of an earlier daemon leave, when a new one joins", async ({ expect }) => {
    const at = await open(["sh"]);
    const stale = await view(at);
    stale.type("echo old-$((1+1))\n");
    await stale.sees("old-2");
    const fresh = createSessionRunner({ exec: engine });
    const viewer = new Viewer(await fresh.attachTerminal({ ...at, size: SIZE }));
    expect(await stale.process.exit).toBe(HOLD_DETACHED);
    await viewer.sees("old-2");
    viewer.type("exit 3\n");
    expect(await viewer.process.exit).toBe(3);
  });

  it("replay output without what a terminal would answer", async ({ expect }) => {
    const queries = "\\033[6n\\033[c\\033[>0q\\033]11;?\\007\\033]10;?\\033\\\\\\\\\\033[?2026$p\\033[?u\\033[14t\\033P+q544e\\033\\\\\\\\\\033[5n\\033Z";
    const at = await open(["sh", "-c", `printf 'a\\033[31mb${queries.replaceAll("\\\\\\\\", "\\\\")}c\\033[0m\\033[2 qd'; sleep 100`]);
    await until(async () => (await runner.log(at)).includes("d"));
    expect(await runner.log(at)).toBe("a\u001b[31mbc\u001b[0m\u001b[2 qd");
    const viewer = await view(at);
    await viewer.sees("a\u001b[31mbc\u001b[0m\u001b[2 qd");
    await runner.signal({ ...at, signal: "SIGTERM" });
    expect(await viewer.process.exit).toBe(143);
    expect(await runner.log(at)).toBe("a\u001b[31mbc\u001b[0m\u001b[2 qd");
  });

  it("give those who come late the output and the code of an ended session", async ({ expect }) => {
    const at = await open(["sh", "-c", "echo last words; exit 9"]);
    expect(await runner.waitForEnd(at)).toBe(9);
    const viewer = await view(at);
    expect(await viewer.process.exit).toBe(9);
    expect(viewer.seen).toContain("last words");
  });

  it("open as ended with 127 when there is no such program", async ({ expect }) => {
    const at = await open(["no-such-program"]);
    expect(await runner.waitForEnd(at)).toBe(127);
    const viewer = await view(at);
    expect(await viewer.process.exit).toBe(127);
    expect(viewer.seen).toContain("cannot run no-such-program");
  });

  it("end although a grandchild keeps the terminal open", async ({ expect }) => {
    const begin = Date.now();
    const at = await open(["sh", "-c", "trap '' HUP; sleep 20 & echo gone; exit 4"]);
    expect(await runner.waitForEnd(at)).toBe(4);
    expect(Date.now() - begin).toBeLessThan(15_000);
    expect(await runner.log(at)).toContain("gone");
  });

  it("deliver 10 MB, all of it", async ({ expect }) => {
    const at = await open(["sh", "-c", "stty -opost; read go; head -c 10000000 /dev/zero | tr '\\0' x; echo END; read stop"]);
    const viewer = await view(at);
    viewer.type("\n");
    await viewer.sees("END");
    expect(viewer.bytes).toBeGreaterThanOrEqual(10_000_004);
    viewer.type("\n");
    expect(await viewer.process.exit).toBe(0);
  });

  it("take 1 MB of typed input that is echoed", async ({ expect }) => {
    const at = await open(["sh", "-c", "stty raw -echo; echo ready; head -c 1000000 | tee /dev/stderr | wc -c; echo END"]);
    const viewer = await view(at);
    await viewer.sees("ready");
    viewer.process.stdin.write(Buffer.alloc(1_000_000, "y"));
    await viewer.sees("END");
    expect(viewer.bytes).toBeGreaterThan(1_000_000);
    expect(viewer.seen).toContain("1000000");
    expect(await viewer.process.exit).toBe(0);
  });

  it("do not wait for a viewer that reads nothing", async ({ expect }) => {
    const at = await open(["sh", "-c", "read go; head -c 30000000 /dev/zero; echo END; sleep 100"]);
    const stuck = await runner.attachTerminal({ ...at, size: SIZE });
    stuck.stdin.write("\n");
    const begin = Date.now();
    await until(async () => (await runner.log(at)).includes("END"));
    expect(Date.now() - begin).toBeLessThan(60_000);
    stuck.stdout.resume();
    expect(await stuck.exit).toBe(HOLD_DETACHED);
    await runner.signal({ ...at, signal: "SIGKILL" });
    expect(await runner.waitForEnd(at)).toBe(137);
  });

  it("pass every byte that is typed, ctrl-p ctrl-q too", async ({ expect }) => {
    const at = await open(["sh", "-c", "stty raw -echo; echo ready; head -c 300 | od -An -v -tu1 | tr -d '\\n'; echo END"]);
    const viewer = await view(at);
    await viewer.sees("ready");
    viewer.process.stdin.write(Buffer.from([16, 17, ...Array.from({ length: 256 }, (_, byte) => byte), ...Array.from({ length: 42 }, () => 30)]));
    await viewer.sees("END");
    const bytes = viewer.seen.split("ready")[1]?.match(/\d+/g)?.map(Number);
    expect(bytes?.slice(0, 300)).toEqual([16, 17, ...Array.from({ length: 256 }, (_, byte) => byte), ...Array.from({ length: 42 }, () => 30)]);
  });

  it("refuse a second session of one id and a working directory that is not there", async ({ expect }) => {
    const at = await open(["sleep", "100"]);
    await expect(open(["true"], at)).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    await expect(runner.openTerminal({ ...place(), command: ["true"], env: ENV, workdir: "/no/such", size: SIZE })).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    await runner.signal({ ...at, signal: "SIGKILL" });
    expect(await runner.waitForEnd(at)).toBe(137);
  });
});

describe("sessions with streams", () => {
  it("keep three streams apart", async ({ expect }) => {
    const at = place();
    const process = await runner.startStreams({ ...at, command: ["sh", "-c", "cat; echo err >&2; exit 5"], env: ENV, workdir: "/tmp", stdin: true });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    process.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    process.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    process.stdin.end("in\0put");
    expect(await process.exit).toBe(5);
    expect([Buffer.concat(out).toString(), Buffer.concat(err).toString()]).toEqual(["in\0put", "err\n"]);
    expect(await runner.waitForEnd(at)).toBe(5);
  });

  it("give end of file when no stdin is wanted", async ({ expect }) => {
    const process = await runner.startStreams({ ...place(), command: ["sh", "-c", "cat; exit 6"], env: ENV, workdir: "/", stdin: false });
    process.stdout.resume();
    process.stderr.resume();
    expect(await process.exit).toBe(6);
  });

  it("pass on signals, and note the code", async ({ expect }) => {
    const at = place();
    const process = await runner.startStreams({ ...at, command: ["sleep", "100"], env: ENV, workdir: "/", stdin: false });
    process.stdout.resume();
    process.stderr.resume();
    await until(async () => runner.signal({ ...at, signal: "SIGINT" }));
    expect(await process.exit).toBe(130);
    expect(await runner.exitCodeOf(at)).toBe(130);
    expect(await runner.signal({ ...at, signal: "SIGINT" })).toBe(false);
    await expect(runner.signal({ ...at, signal: "SIGSEGV" })).rejects.toMatchObject({ code: "USAGE" });
  });

  it("are told by SIGPIPE that nobody reads them any more", async ({ expect }) => {
    const at = place();
    const process = await runner.startStreams({ ...at, command: ["sleep", "100"], env: ENV, workdir: "/", stdin: false });
    process.stdout.resume();
    process.stderr.resume();
    await until(async () => runner.signal({ ...at, signal: "SIGPIPE" }));
    expect(await process.exit).toBe(141);
  });

  it("end with 127 and a reason when there is no such program", async ({ expect }) => {
    const process = await runner.startStreams({ ...place(), command: ["no-such-program"], env: ENV, workdir: "/", stdin: false });
    let err = "";
    process.stdout.resume();
    process.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
    });
    expect(await process.exit).toBe(127);
    expect(err).toContain("cannot run no-such-program");
  });
});

describe("what a container knows of its sessions", () => {
  it("is told after a restart of the daemon, forged names left out", async ({ expect }) => {
    const [running, ended, lost] = [await open(["sleep", "100"]), await open(["true"]), await open(["sleep", "100"])];
    await runner.waitForEnd(ended);
    await engine.run(container, {
      command: [
        "sh",
        "-c",
        `mkdir /run/sbx/evil '/run/sbx/ses_aaaaaaaa running'; ln -s /etc /run/sbx/ses_bbbbbbbb; for p in /proc/[0-9]*; do case $(tr '\\0' ' ' < $p/cmdline) in "/.sbx/hold run /run/sbx/${lost.session}"*) kill -9 \${p#/proc/};; esac; done`,
      ],
      env: ENV,
      user,
      workdir: "/",
    });
    const known = await createSessionRunner({ exec: engine }).list({ container, user });
    expect(known).toContainEqual({ session: running.session, state: { phase: "running" } });
    expect(known).toContainEqual({ session: ended.session, state: { phase: "ended", exitCode: 0 } });
    expect(known).toContainEqual({ session: lost.session, state: { phase: "lost" } });
    expect(known.map(({ session }) => session)).not.toContain("ses_bbbbbbbb");
    await expect(runner.waitForEnd(lost)).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
    await runner.forget(ended);
    await runner.forget(running);
    const left = (await runner.list({ container, user })).map(({ session }) => session);
    expect(left).toContain(running.session);
    expect(left).not.toContain(ended.session);
  });

  it("never signals another process than the session's, whatever its files say", async ({ expect }) => {
    const at = await open(["sh", "-c", "echo -1 > /run/sbx/$0/pid; echo done; sleep 100", "ses_zzzzzzzz"], { ...place(), session: "ses_zzzzzzzz" as SessionId });
    await until(async () => (await runner.log(at)).includes("done"));
    const bystander = await open(["sleep", "100"]);
    expect(await runner.signal({ ...at, signal: "SIGKILL" })).toBe(false);
    expect(await runner.exitCodeOf(bystander)).toBeUndefined();
  });
});

describe("pid 1", () => {
  it("reaps, tells everybody to end, and is gone before the engine would have to kill it, although one ignores it", async ({ expect }) => {
    const own = await startContainer(engine, aSessionSpec(inject("baseImage"), inject("holdProgram")));
    try {
      const at = { container: own.id, user, session: "ses_00000001" as SessionId };
      await runner.openTerminal({ ...at, command: ["sh", "-c", "(sleep 0.1 &) ; trap '' TERM HUP; while :; do sleep 0.1; done"], env: ENV, workdir: "/", size: SIZE });
      await until(async () => !/Z/.test((await engine.run(own.id, { command: ["sh", "-c", "cat /proc/[0-9]*/stat | cut -d' ' -f3"], env: ENV, user, workdir: "/" })).stdout));
      const end = runner.waitForEnd(at);
      const viewer = await view(at);
      await new Promise((resolve) => setTimeout(resolve, 200));
      const begin = Date.now();
      await engine.stop(own.id, 40);
      expect(Date.now() - begin).toBeLessThan(30_000);
      expect([await end, await viewer.process.exit]).toEqual([137, 137]);
      expect((await engine.inspect(own.id))?.exitCode).toBe(0);
    } finally {
      await own[Symbol.asyncDispose]();
    }
  });

  it("ends at once when shells are all that runs", async ({ expect }) => {
    const own = await startContainer(engine, aSessionSpec(inject("baseImage"), inject("holdProgram")));
    try {
      const at = { container: own.id, user, session: "ses_00000001" as SessionId };
      await runner.openTerminal({ ...at, command: ["bash"], env: ENV, workdir: "/", size: SIZE });
      // The program that waits for the end may be told to end before the shell has.
      const end = runner.waitForEnd(at).catch((error: unknown) => (AppError.is(error) ? error.details["exitCode"] : error));
      await new Promise((resolve) => setTimeout(resolve, 200));
      const begin = Date.now();
      await engine.stop(own.id, 30);
      // Long before the engine would have killed it.
      expect(Date.now() - begin).toBeLessThan(15_000);
      expect([129, 143]).toContain(await end);
    } finally {
      await own[Symbol.asyncDispose]();
    }
  });
});
