import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "vitest";
import { aSandbox, aSession, anEvent } from "../support/builders.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { createFakeIo } from "../support/fake-io.ts";
import { daemonWithSession, peerOf } from "../support/fake-session.ts";
import { runLine, startLine } from "../support/run-line.ts";

const inputOf = (daemon: ReturnType<typeof createFakeDaemon>, name: string): Record<string, unknown> => daemon.calls.find((call) => call.name === name)?.input as Record<string, unknown>;

describe("sbx run", () => {
  it("passes everything after the agent to the agent and gives its exit code", async ({ expect }) => {
    const { code, out, err, daemon } = await runLine(["run", "claude", "-p", "say hi", "--model", "opus"], {
      daemon: createFakeDaemon(
        daemonWithSession({
          act: (peer) => {
            peer.say("stdout", "hi\n");
            peer.say("stderr", "a note\n");
            peer.exit(7);
          },
        }),
      ),
    });
    expect({ code, out, err }).toEqual({ code: 7, out: "hi\n", err: "a note\n" });
    expect(inputOf(daemon, "openSession")).toMatchObject({ kind: "agent", mode: "streams", args: ["-p", "say hi", "--model", "opus"], stdin: false });
    expect(inputOf(daemon, "createSandbox")).toMatchObject({ agent: "claude", workspace: "/tmp", model: "auto" });
  });

  it.for([
    { line: ["run", "shell", "bash", "-lc", "ls"], args: ["bash", "-lc", "ls"], workspace: "/tmp" },
    { line: ["run", "shell", "--", "sh", "-c", "id -u"], args: ["sh", "-c", "id -u"], workspace: "/tmp" },
    { line: ["run", "shell", "/", "--", "ls"], args: ["ls"], workspace: "/" },
    { line: ["run", "shell", "..", "ls"], args: ["ls"], workspace: "/" },
    { line: ["run", "shell", "--", "/bin/ls"], args: ["/bin/ls"], workspace: "/tmp" },
    { line: ["run", "-w", "/", "shell", "--", "--", "x"], args: ["--", "x"], workspace: "/" },
  ])("takes PATH and ARGS apart: $line", async ({ line, args, workspace }, { expect }) => {
    const { daemon } = await runLine(line, { daemon: createFakeDaemon(daemonWithSession()) });
    expect(inputOf(daemon, "openSession")).toMatchObject({ args });
    expect(inputOf(daemon, "createSandbox")).toMatchObject({ workspace });
  });

  it("sends its options in the daemon's words", async ({ expect }) => {
    const { daemon, code } = await runLine(
      [
        "run",
        "--name",
        "web",
        "--allow-host",
        "a.example.org",
        "--allow-host",
        "**.example.com:443",
        "--allow-host-port",
        "5432",
        "--hide",
        ".env",
        "--allow-write",
        ".git/hooks",
        "-e",
        "A=1=2",
        "-e",
        "FROM_HERE",
        "-e",
        "NOT_SET",
        "--cpus",
        "1.5",
        "-m",
        "2g",
        "--pids",
        "99",
        "--add-dir",
        "/usr:ro",
        "--deadline",
        "1m30s",
        "shell",
      ],
      { daemon: createFakeDaemon(daemonWithSession()), env: { FROM_HERE: "yes" } },
    );
    expect(code).toBe(0);
    expect(inputOf(daemon, "createSandbox")).toMatchObject({
      name: "web",
      allow: ["a.example.org", "**.example.com:443"],
      allowHostPorts: [5432],
      hide: [".env"],
      allowWrite: [".git/hooks"],
      limits: { cpus: 1.5, memoryBytes: 2 * 1024 ** 3, pids: 99 },
      extra: [{ path: "/usr", readonly: true }],
    });
    expect(inputOf(daemon, "openSession")).toMatchObject({ env: { A: "1=2", FROM_HERE: "yes" }, deadlineMs: 90_000 });
  });

  it("sends stdin only when something is piped in", async ({ expect }) => {
    const io = createFakeIo({ stdinKind: "data" });
    const line = startLine(["run", "shell", "cat"], {
      io,
      daemon: createFakeDaemon(
        daemonWithSession({
          act: (peer) => {
            void (async () => {
              while (!peer.frames.some(({ type }) => type === "stdin-end")) await sleep(1);
              peer.say("stdout", peer.typed());
              peer.exit(0);
            })();
          },
        }),
      ),
    });
    io.input.end("from a pipe");
    expect(await line.code).toBe(0);
    expect(io.output()).toBe("from a pipe");
  });

  it("sends nothing of a stdin that is no pipe", async ({ expect }) => {
    const io = createFakeIo({ stdinKind: "nothing" });
    io.input.write("must stay here");
    const seen: string[] = [];
    await startLine(["run", "shell", "cat"], {
      io,
      daemon: createFakeDaemon(
        daemonWithSession({
          act: (peer) => {
            setTimeout(() => {
              seen.push(peer.typed());
              peer.exit(0);
            }, 20);
          },
        }),
      ),
    }).code;
    expect(seen).toEqual([""]);
  });

  it("shows notices before and a report after, and neither with --quiet", async ({ expect }) => {
    const options = daemonWithSession({ sandbox: aSandbox({ notices: [{ kind: "credential", path: ".env", message: ".env holds a credential\u001B[2J, which the agent can read" }] }) });
    const handlers = {
      ...options.handlers,
      reportWorkspace: () => Promise.resolve({ changed: [{ path: "a.txt", change: "added" as const }], truncated: false, runsOnHost: [{ path: ".git/hooks/x", why: "a git hook" }] }),
      listEvents: () =>
        Promise.resolve([anEvent({ fields: { to: "evil.example.org", port: 443, fix: "sbx policy allow evil.example.org" } }), anEvent({ fields: { to: "evil.example.org", port: 443 } })]),
    };
    const loud = await runLine(["run", "shell"], { daemon: createFakeDaemon({ ...options, handlers }) });
    expect(loud.err).toMatchInlineSnapshot(`
      "sbx: .env holds a credential, which the agent can read
      sbx: 1 file changed: a.txt (added)
      sbx: look at these before you use them, they would run on this machine: .git/hooks/x (a git hook)
      sbx: the wall refused: evil.example.org:443 ×2
      sbx: to allow one of them: sbx policy allow HOST
      "
    `);
    const quiet = await runLine(["run", "-q", "shell"], { daemon: createFakeDaemon({ ...options, handlers }) });
    expect(quiet.err).toBe("");
  });

  it("says when files were left out of the report, also where nothing else is to be said", async ({ expect }) => {
    const options = daemonWithSession({ sandbox: aSandbox({}) });
    const handlers = { ...options.handlers, reportWorkspace: () => Promise.resolve({ changed: [], truncated: true, runsOnHost: [] }) };
    expect((await runLine(["run", "shell"], { daemon: createFakeDaemon({ ...options, handlers }) })).err).toContain("sbx: the workspace has more files than are looked at after a run");
  });

  it("refuses an option of ours after the agent instead of passing it on", async ({ expect }) => {
    const { code, err, daemon } = await runLine(["run", "shell", "--allow-host", "x.example.org"]);
    expect(code).toBe(2);
    expect(err).toMatchInlineSnapshot(`
      "error: "--allow-host" stands after the agent, where everything belongs to the agent
        fix: Put options of sbx before the agent: sbx run [options] AGENT [PATH] [-- ARGS…]
        code: USAGE
      "
    `);
    expect(daemon.calls).toEqual([]);
  });

  it.for([
    ["--credentials=host", 2],
    ["--kit-arg=x=y", 2],
    ["--privileged", 2],
    ["-v=/a:/b", 2],
  ] as const)("answers %s with what to do instead and asks the daemon nothing", async ([option, code], { expect }) => {
    const result = await runLine(["run", option, "shell"]);
    expect(result.code).toBe(code);
    expect(result.err).toMatch(/^error: .+\n {2}fix: .+\n {2}code: (USAGE|PLATFORM_UNSUPPORTED)\n$/);
    expect(result.daemon.calls).toEqual([]);
  });

  it("says what is wrong with a workspace before anything starts", async ({ expect }) => {
    const missing = await runLine(["run", "shell", "./not-there"]);
    expect(missing.err).toContain('The workspace "./not-there" cannot be found');
    const file = await runLine(["run", "shell", "/etc/passwd"]);
    expect(file.err).toContain("is no directory");
    expect([missing.code, file.code]).toEqual([125, 125]);
    expect([...missing.daemon.calls, ...file.daemon.calls]).toEqual([]);
  });

  it("takes a workspace with a name that is hard to read", async ({ expect }) => {
    const parent = mkdtempSync(path.join(tmpdir(), "sbx-cli-"));
    const { daemon } = await runLine(["run", "-w", mkdtempSync(path.join(parent, "a b,c:\n-é-")), "shell"], { daemon: createFakeDaemon(daemonWithSession()) });
    expect(inputOf(daemon, "createSandbox")["workspace"]).toContain("a b,c:\n-é-");
  });

  it("removes the sandbox after the session with --rm", async ({ expect }) => {
    const { daemon } = await runLine(["run", "--rm", "shell"], { daemon: createFakeDaemon(daemonWithSession()) });
    expect(daemon.calls.at(-1)).toMatchObject({ name: "removeSandbox", input: { sandbox: "sbx_k3v9q2m1", force: false } });
  });

  it("prints the sandbox's name and stays with nothing when detached", async ({ expect }) => {
    const { code, out, daemon } = await runLine(["run", "-d", "claude"], { daemon: createFakeDaemon(daemonWithSession({ mode: "terminal" })) });
    expect({ code, out, attached: daemon.attached.length }).toEqual({ code: 0, out: "shell-app\n", attached: 0 });
  });

  it("joins the session that runs, unless the agent is given arguments or --new", async ({ expect }) => {
    const sandbox = aSandbox({ sessions: [aSession({ id: "ses_running1", mode: "terminal" })] });
    const run = async (line: readonly string[]): Promise<readonly string[]> => {
      const { daemon } = await runLine(line, { io: createFakeIo({ terminal: true }), daemon: createFakeDaemon(daemonWithSession({ mode: "terminal", sandbox, joined: true })) });
      return daemon.calls.map(({ name }) => name).filter((name) => name === "openSession");
    };
    expect(await run(["run", "claude"])).toEqual([]);
    expect(await run(["run", "claude", "-c"])).toEqual(["openSession"]);
    expect(await run(["run", "--new", "claude"])).toEqual(["openSession"]);
  });

  it("gives the first Ctrl-C to the session and leaves at the second", async ({ expect }) => {
    const daemon = createFakeDaemon({ ...daemonWithSession({ act: () => {} }), onAttach: () => {} });
    const line = startLine(["run", "shell", "sleep", "9"], { daemon });
    while (daemon.attached.length === 0) await sleep(1);
    const peer = peerOf(daemon.attached[0] as never);
    await sleep(5);
    line.signal("SIGINT");
    await sleep(5);
    expect(peer.frames.map(({ type, payload }) => [type, Buffer.from(payload).toString("utf8")])).toEqual([["signal", "SIGINT"]]);
    line.signal("SIGINT");
    expect(await line.code).toBe(130);
    expect(line.io.errors()).toContain("left the session, it goes on");
  });

  it("gives up a creation at Ctrl-C and tells the daemon so", async ({ expect }) => {
    let aborted = false;
    const line = startLine(["run", "shell"], {
      daemon: createFakeDaemon({
        handlers: {
          listEvents: () => Promise.resolve([]),
          createSandbox: (_input, signal) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener("abort", () => {
                aborted = true;
                reject(signal.reason as Error);
              });
            }),
        },
      }),
    });
    while (!line.daemon.calls.some(({ name }) => name === "createSandbox")) await sleep(5);
    line.signal("SIGINT");
    expect(await line.code).toBe(130);
    expect(aborted).toBe(true);
  });
});
