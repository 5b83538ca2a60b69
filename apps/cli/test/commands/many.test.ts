import { describe, it } from "vitest";
import { aSandbox, aSession, ended } from "../support/builders.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { createFakeIo } from "../support/fake-io.ts";
import { runLine, startLine } from "../support/run-line.ts";

const OLD = "2020-01-01T00:00:00.000Z";
const now = new Date().toISOString();
const stopped = { phase: "stopped" };
const ALL = [
  aSandbox({ name: "runs", createdAt: OLD, labels: { team: "web" } }),
  aSandbox({ id: "sbx_00000002", name: "old-one", createdAt: OLD, state: stopped, labels: { team: "web", ci: "" } }),
  aSandbox({ id: "sbx_00000003", name: "used", createdAt: OLD, state: stopped, sessions: [aSession({ startedAt: OLD, state: { ...ended(0), at: now } })] }),
];
const daemonOf = (images: string[] = []) =>
  createFakeDaemon({
    handlers: { listSandboxes: () => Promise.resolve(ALL), removeSandbox: () => Promise.resolve({ done: true as const }), pruneImages: () => Promise.resolve({ images }) },
  });

describe("sbx ls --filter", () => {
  it.for([
    ["label=team", "runs\nold-one\n"],
    ["label=team=web", "runs\nold-one\n"],
    ["label=team=other", ""],
    ["label=toString", ""],
    ["status=stopped", "old-one\nused\n"],
    ["name=old", "old-one\n"],
  ] as const)("%s", async ([filter, out], { expect }) => {
    expect((await runLine(["ls", "-q", "--filter", filter], { daemon: daemonOf() })).out).toBe(out);
  });

  it("refuses what it does not know", async ({ expect }) => {
    expect(await runLine(["ls", "--filter", "colour=red"], { daemon: daemonOf() })).toMatchObject({ code: 2, out: "" });
  });
});

describe("sbx prune", () => {
  const removed = (calls: readonly { readonly name: string; readonly input: unknown }[]) => calls.filter(({ name }) => name === "removeSandbox").map(({ input }) => input);

  it("removes what is stopped, never what runs, by when it was used last", async ({ expect }) => {
    const all = await runLine(["prune", "--force"], { daemon: daemonOf() });
    expect(all.out).toBe("old-one\nused\n");
    const old = await runLine(["prune", "--force", "--filter", "until=24h", "--json"], { daemon: daemonOf() });
    expect(JSON.parse(old.out)).toEqual(["old-one"]);
    expect(removed(old.daemon.calls)).toEqual([{ sandbox: "old-one", force: false }]);
    expect((await runLine(["prune", "--force", "--filter", "label=ci"], { daemon: daemonOf() })).out).toBe("old-one\n");
  });

  it("removes images that nothing needs, after the same question, and none where a label is named", async ({ expect }) => {
    const asked = (calls: readonly { readonly name: string; readonly input: unknown }[]) => calls.filter(({ name }) => name === "pruneImages").map(({ input }) => input);
    const all = await runLine(["prune", "--force"], { daemon: daemonOf(["sbx/packages:a"]) });
    expect([all.out, asked(all.daemon.calls)]).toEqual(["old-one\nused\nsbx/packages:a\n", [{ dryRun: true }, { dryRun: false }]]);
    const old = await runLine(["prune", "--dry-run", "--filter", "until=24h", "--filter", "until=48h"], { daemon: daemonOf(["sbx/agent-x:a"]) });
    expect([old.out, asked(old.daemon.calls)]).toEqual(["old-one\nsbx/agent-x:a\n", [{ olderThanMs: 48 * 3_600_000, dryRun: true }]]);
    const labelled = await runLine(["prune", "--force", "--filter", "label=ci"], { daemon: daemonOf(["sbx/packages:a"]) });
    expect([labelled.out, asked(labelled.daemon.calls)]).toEqual(["old-one\n", []]);
    const nobody = await runLine(["prune"], { daemon: daemonOf(["sbx/packages:a"]) });
    expect([nobody.code, asked(nobody.daemon.calls)]).toEqual([2, [{ dryRun: true }]]);
  });

  it("only says which with --dry-run, and removes nothing without a yes", async ({ expect }) => {
    const dry = await runLine(["prune", "--dry-run"], { daemon: daemonOf() });
    expect({ out: dry.out, removed: removed(dry.daemon.calls) }).toEqual({ out: "old-one\nused\n", removed: [] });
    const nobody = await runLine(["prune"], { daemon: daemonOf() });
    expect({ code: nobody.code, removed: removed(nobody.daemon.calls) }).toEqual({ code: 2, removed: [] });
    const line = startLine(["prune"], { io: createFakeIo({ terminal: true }), daemon: daemonOf() });
    line.io.input.end("n\n");
    expect(await line.code).toBe(2);
    expect(removed(line.daemon.calls)).toEqual([]);
  });

  it("removes after a yes", async ({ expect }) => {
    const line = startLine(["prune", "--filter", "until=24h"], { io: createFakeIo({ terminal: true }), daemon: daemonOf() });
    line.io.input.write("y\n");
    expect(await line.code).toBe(0);
    expect(line.io.output()).toContain("old-one");
  });

  it("refuses filters that it does not know", async ({ expect }) => {
    for (const filter of ["until=soon", "agent=shell", "until"]) expect((await runLine(["prune", "--force", "--filter", filter], { daemon: daemonOf() })).code).toBe(2);
  });
});

describe("sbx rename and labels", () => {
  it("asks the daemon, and prints the new name", async ({ expect }) => {
    const daemon = createFakeDaemon({ handlers: { renameSandbox: ({ name }) => Promise.resolve(aSandbox({ name })) } });
    expect((await runLine(["rename", "shell-app", "review"], { daemon })).out).toBe("review\n");
    expect((await runLine(["rename", "shell-app", "../x"], { daemon: createFakeDaemon() })).code).toBe(125);
  });

  it("asks for a sandbox anew, with paths as they are meant here, and not by force unless said", async ({ expect }) => {
    const daemon = createFakeDaemon({ handlers: { inspectSandbox: () => Promise.resolve(aSandbox()), recreateSandbox: () => Promise.resolve(aSandbox()) } });
    expect((await runLine(["recreate", "-q", "shell-app", "--kit", "./mine", "--kit", "other", "--arg", "a=1", "--reject-capability", "a.b/c@1"], { daemon })).out).toBe("shell-app\n");
    expect(daemon.calls.at(-1)?.input).toMatchObject({ kits: [expect.stringMatching(/^\/.*\/mine$/), "other"], args: { a: "1" }, reject: ["a.b/c@1"], force: false });
    await runLine(["recreate", "-q", "-f", "shell-app"], { daemon });
    expect(daemon.calls.at(-1)?.input).toMatchObject({ args: {}, force: true });
    expect(daemon.calls.at(-1)?.input).not.toHaveProperty("kits");
  });

  it("are given when a sandbox is made", async ({ expect }) => {
    const daemon = createFakeDaemon({ handlers: { createSandbox: () => Promise.resolve({ sandbox: aSandbox(), joined: false }) } });
    await runLine(["create", "-q", "-l", "team=web", "--label", "ci", "shell"], { daemon });
    expect(daemon.calls.at(-1)?.input).toMatchObject({ labels: { team: "web", ci: "" } });
    expect((await runLine(["create", "--label", "=x", "shell"], { daemon })).code).toBe(2);
  });
});
