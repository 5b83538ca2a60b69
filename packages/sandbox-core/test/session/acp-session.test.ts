import { AppError, OpenSession } from "@sbx/contracts";
import { describe, it } from "vitest";
import { anExec, aSandbox, daemonOver } from "./lab.ts";

const anAcp = (changes: Partial<OpenSession> = {}): OpenSession => OpenSession.parse({ kind: "agent", mode: "streams", args: [], stdin: true, acp: {}, ...changes });
const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  const error: unknown = await work.catch((reason: unknown) => reason);
  return AppError.is(error) ? error.code : undefined;
};

describe("an agent's session for an editor", () => {
  it("runs the whole command that its Kit declares, with the Kit's variables over those of the session", async ({ expect }) => {
    const live = aSandbox();
    const { sessions, environments } = daemonOver(live);
    const record = await sessions.open(live, anAcp({ env: { A: "of the person", C: "of the person" } }));
    expect([record.kind, record.mode, record.command]).toEqual(["agent", "streams", ["thing-acp", "--x"]]);
    expect(environments).toEqual([{ A: "of the Kit", B: "of the Kit", C: "of the person" }]);
  });

  it("takes no terminal, arguments, command or unknown agent, and nothing is started then", async ({ expect }) => {
    const live = aSandbox();
    const { sessions, environments } = daemonOver(live);
    for (const wrong of [anAcp({ mode: "terminal" }), anAcp({ args: ["--evil"] }), anAcp({ kind: "exec" }), anAcp({ kind: "exec", args: ["sh"] })])
      expect(await codeOf(sessions.open(live, wrong))).toBe("USAGE");
    expect(await codeOf(sessions.open(live, anAcp({ acp: { agent: "other" } })))).toBe("ACP_UNAVAILABLE");
    expect(environments).toEqual([]);
    expect(sessions.of(live.record.id)).toEqual([]);
  });

  it("is ended when its editor has gone, and other sessions are not", async ({ expect }) => {
    const live = aSandbox();
    const { sessions, asked, leave, processes } = daemonOver(live);
    const [acp, exec] = [await sessions.open(live, anAcp()), await sessions.open(live, anExec())];
    expect([...leave.keys()]).toEqual([acp.id]);
    leave.get(acp.id)?.();
    await new Promise(setImmediate);
    expect(asked.map(({ what }) => what)).toEqual([`SIGTERM ${acp.id}`]);
    processes.get(acp.id)?.end.resolve(0);
    await new Promise(setImmediate);
    expect(sessions.get(acp.id).state).toMatchObject({ phase: "ended", exitCode: 0 });
    expect(sessions.get(exec.id).state).toEqual({ phase: "running" });
  });
});
