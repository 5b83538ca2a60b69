import { AppError, type AgentView } from "@sbx/contracts";
import { describe, it } from "vitest";
import { aSession } from "../support/builders.ts";
import { createFakeDaemon, type FakeDaemon } from "../support/fake-daemon.ts";
import { createFakeIo, type FakeIo } from "../support/fake-io.ts";
import { daemonWithSession, type SessionPeer } from "../support/fake-session.ts";
import { runLine, startLine } from "../support/run-line.ts";

const anAgent = (name: string, over: Partial<AgentView> = {}): AgentView => ({
  name,
  displayName: name,
  description: "",
  source: "built-in",
  allow: [],
  installAllow: [],
  installsAsRoot: false,
  startsAsRoot: false,
  skills: [],
  shares: [],
  credentials: [],
  ssh: [],
  acp: [],
  interactive: [],
  headless: [],
  skipped: [],
  kind: "workload",
  kits: [],
  built: true,
  ...over,
});
const INITIALIZE = '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":1,"clientCapabilities":{"fs":{"readTextFile":true},"terminal":true}}}\n';

interface World {
  readonly io: FakeIo;
  readonly daemon: FakeDaemon;
  readonly ended: string[];
}

function aWorld(
  act: (peer: SessionPeer) => void,
  { agents = [anAgent("mine", { acp: ["mine"] })], stdinKind = "data" }: { readonly agents?: AgentView[]; readonly stdinKind?: "data" | "nothing" } = {},
): World {
  const ended: string[] = [];
  const { handlers = {}, onAttach } = daemonWithSession({ act });
  const daemon = createFakeDaemon({
    handlers: {
      ...handlers,
      composeAgent: ({ agent }) => Promise.resolve(agents.find(({ name }) => name === agent) ?? anAgent("unknown")),
      listAgents: () => Promise.resolve(agents),
      endSession: ({ session }) => {
        ended.push(session);
        return Promise.resolve({ done: true });
      },
    },
    ...(onAttach === undefined ? {} : { onAttach }),
  });
  return { io: createFakeIo({ stdinKind }), daemon, ended };
}

/** Answer each line of the editor's with what `reply` says, and end with the end of its input. */
const agentThat =
  (reply: (line: string) => string, code = 7) =>
  (peer: SessionPeer): void => {
    let seen = 0;
    const timer = setInterval(() => {
      const lines = peer.typed().split("\n").slice(0, -1);
      for (const line of lines.slice(seen)) peer.say("stdout", reply(line));
      seen = lines.length;
      if (!peer.frames.some(({ type }) => type === "stdin-end")) return;
      clearInterval(timer);
      peer.exit(code);
    }, 1);
  };

describe("sbx acp", () => {
  it("opens the agent's session for the protocol, passes messages both ways and ends with its code", async ({ expect }) => {
    const { io, daemon } = aWorld(agentThat((line) => `{"jsonrpc":"2.0","id":0,"result":${line}}\n`));
    io.input.end(INITIALIZE);
    const { code, out } = await runLine(["acp", "--agent-name", "mine", "-e", "A=b", "mine", "/tmp"], { io, daemon });
    expect(code).toBe(7);
    expect(JSON.parse(out)).toEqual({ jsonrpc: "2.0", id: 0, result: { jsonrpc: "2.0", id: 0, method: "initialize", params: { protocolVersion: 1, clientCapabilities: {} } } });
    const opened = daemon.calls.find(({ name }) => name === "openSession")?.input;
    expect(opened).toMatchObject({ kind: "agent", mode: "streams", args: [], env: { A: "b" }, stdin: true, acp: { agent: "mine" } });
    expect(opened).not.toHaveProperty("terminal");
    expect(daemon.calls.find(({ name }) => name === "createSandbox")?.input).toMatchObject({ agent: "mine", workspace: "/tmp", env: {} });
  });

  it("says nothing of its own on stdout, whatever the agent sends", async ({ expect }) => {
    const words = [
      "Welcome!",
      '{"jsonrpc":"2.0","id":5,"method":"terminal/create","params":{"command":"touch /tmp/evil"}}',
      '{"jsonrpc":"2.0","id":6,"method":"terminal/create"}',
      '{"jsonrpc":"2.0","method":"fs/write_text_file"}',
      '{"id":0,"result":"done"}',
      "",
    ];
    const { io, daemon } = aWorld(agentThat((line) => (line.includes("session/prompt") ? words.join("\n") : ""), 0));
    io.input.end('{"id":0,"method":"session/prompt"}\n');
    const { code, out, err } = await runLine(["acp", "mine"], { io, daemon });
    expect(code).toBe(0);
    expect(out).toBe('{"id":0,"result":"done"}\n');
    expect(err).toContain("Welcome!\n");
    expect(err.match(/sbx: refused: the agent asked the editor for "terminal\/create"/g)).toHaveLength(1);
    expect(err).toContain('asked the editor for "fs/write_text_file"');
  });

  it("answers in the editor's place between two of its messages, and never within one", async ({ expect }) => {
    let typed = "";
    const { io, daemon } = aWorld((peer) => {
      peer.say("stdout", '{"id":5,"method":"terminal/create"}\n');
      const timer = setInterval(() => {
        typed = peer.typed();
        if (!typed.includes("-32601")) return;
        if (!typed.includes("whole")) io.input.write('"whole"}\n');
        else {
          clearInterval(timer);
          peer.exit(0);
        }
      }, 1);
    });
    io.input.write('{"a":');
    expect((await runLine(["acp", "mine"], { io, daemon })).code).toBe(0);
    const lines = typed.trimEnd().split("\n");
    expect(lines[1]).toBe('{"a":"whole"}');
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ id: 5, error: { code: -32_601 } });
  });

  it("gives the end of input where there is none, and a last line without its end", async ({ expect }) => {
    const nothing = aWorld(
      agentThat(() => "", 3),
      { stdinKind: "nothing" },
    );
    expect((await runLine(["acp", "mine"], nothing)).code).toBe(3);
    const { io, daemon } = aWorld((peer) => {
      const timer = setInterval(() => {
        if (!peer.frames.some(({ type }) => type === "stdin-end")) return;
        clearInterval(timer);
        peer.say("stdout", `{"id":1,"result":"${peer.typed()}"}`);
        peer.exit(0);
      }, 1);
    });
    io.input.end("no end");
    expect((await runLine(["acp", "mine"], { io, daemon })).out).toBe('{"id":1,"result":"no end"}\n');
  });

  it.for(["SIGINT", "SIGTERM", "SIGHUP"] as const)("ends the agent on %s, and gives its code", async (name, { expect }) => {
    const { io, daemon, ended } = aWorld((peer) => {
      let signals = 0;
      const timer = setInterval(() => {
        if (signals === 0) line.signal(name);
        signals += 1;
        if (ended.length === 0) return;
        clearInterval(timer);
        peer.exit(143);
      }, 1);
    });
    const line = startLine(["acp", "mine"], { io, daemon });
    expect(await line.code).toBe(143);
    expect(ended).toEqual([aSession().id]);
  });

  it("makes no sandbox for an agent without a way to be started so, and names the agents that have one", async ({ expect }) => {
    const { io, daemon } = aWorld(() => undefined, { agents: [anAgent("claude"), anAgent("able", { acp: ["able"] }), anAgent("other", { acp: ["x"] })] });
    const { code, out, err } = await runLine(["acp", "claude"], { io, daemon });
    expect({ code, out }).toEqual({ code: 125, out: "" });
    expect(err).toContain('No Kit says how "claude" is started for the Agent Client Protocol (acp@1); of your agents these have one: able, other');
    expect(err).toContain("sbx acp --kit KIT claude");
    expect(err).toContain("code: ACP_UNAVAILABLE");
    expect(daemon.calls.map(({ name }) => name)).toEqual(["composeAgent", "listAgents"]);
  });

  it("leaves it to the daemon where only the sandbox's variables tell", async ({ expect }) => {
    const { io, daemon } = aWorld(() => undefined, { agents: [anAgent("mine", { skipped: ["com.docker.sandbox/acp@1 (capabilities[0]): it is read with the variables of its sandbox"] })] });
    const refused = createFakeDaemon({
      handlers: {
        ...daemonWithSession().handlers,
        composeAgent: () => Promise.resolve(anAgent("mine", { skipped: ["com.docker.sandbox/acp@1 (capabilities[0]): it is read with the variables of its sandbox"] })),
        openSession: () => Promise.reject(new AppError("ACP_UNAVAILABLE", { message: "None.", fix: "Add one." })),
      },
    });
    expect(daemon.calls).toEqual([]);
    const { code, out, err } = await runLine(["acp", "mine"], { io, daemon: refused });
    expect({ code, out }).toEqual({ code: 125, out: "" });
    expect(err).toContain("code: ACP_UNAVAILABLE");
  });
});
