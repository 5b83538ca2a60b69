import { getEventListeners } from "node:events";
import { describe, it } from "vitest";
import { createCodeModeEngine } from "../../src/code-mode/engine.ts";
import { aTool, echo, runScript, text, told } from "./run-script.ts";

const signal = (): AbortSignal => new AbortController().signal;

describe("a script's result", () => {
  it.for([
    ["return 'as it is'", "as it is"],
    ["return {a: [1, null]}", '{"a":[1,null]}'],
    ["return 12n", "Error running script: TypeError: "],
    ["return undefined", "<no output>"],
    ["return null", "<no output>"],
    ["return ''", ""],
    ["return 'null'", "null"],
    ["", "<no output>"],
    ["return 0", "0"],
    ["return false", "false"],
    ["return Symbol('x')", "Symbol(x)"],
    ["return await Promise.resolve('waited')", "waited"],
    ["return 'a\\u0000b\\ud83d\\ude00'", "a\u0000b😀"],
    ["return 1 // with a comment at its end", "1"],
    ["'use strict'; return this === undefined ? 'strict' : 'arrow'", "arrow"],
  ])("of %j is %j", async ([script = "", expected = ""], { expect }) => {
    const result = await runScript(script);
    expect(result.text?.slice(0, Math.max(expected.length, 1))).toBe(expected);
    expect(result.console).toBeUndefined();
  });

  it("has what it wrote to the console in a second block", async ({ expect }) => {
    const result = await runScript("console.log('hello', {a: 1}, [2], null, undefined, new Error('no')); console.warn('careful'); console.error(); return 'done'");
    expect(result).toEqual({ text: "done", console: 'Console output:\nhello {"a":1} [2] null undefined Error: no\nwarn: careful\nerror:', isError: false });
  });

  it.for([
    ["\n\nthrow new TypeError('not this')", "Error running script: TypeError: not this (line 3)"],
    ["\n  return nowhere.x", "Error running script: ReferenceError: 'nowhere' is not defined (line 2)"],
    ["throw {odd: 1}", 'Error running script: {"odd":1}'],
    ["throw null", "Error running script: null was thrown, by the script or because its memory was used up"],
    ["throw new Proxy(new Error('x'), {get() { throw 1 }})", "Error running script: something that cannot be shown was thrown"],
    ["await new Promise(() => {})", "Error running script: the script waits for a promise that nothing will settle"],
    ["await Promise.reject(new Error('later'))", "Error running script: Error: later (line 1)"],
  ])("of %j is the failure %j", async ([script = "", expected], { expect }) => {
    expect(await runScript(script)).toEqual({ text: expected, console: undefined, isError: true });
  });

  it("says where the syntax is wrong, and never a line that the script does not have", async ({ expect }) => {
    const result = await runScript("const a = 1;\nreturn (");
    expect(result.text).toMatch(/^Error running script: SyntaxError: .*\(line 2\)$/);
    expect(result.isError).toBe(true);
  });
});

describe("tools in a script", () => {
  it("are functions that give the text of the first block", async ({ expect }) => {
    const answers = {
      one: text("first"),
      none: { content: [] },
      image: {
        content: [
          { type: "image", data: "AAAA", mimeType: "image/png" },
          { type: "text", text: "second" },
        ],
      },
    };
    const result = await runScript("return JSON.stringify([one({}), none(), image(null)])", {
      tools: ["one", "none", "image"].map((name) => aTool(name)),
      callTool: async ({ name }) => answers[name as keyof typeof answers],
    });
    expect(result.text).toBe('["first","",""]');
  });

  it("get their arguments without the nulls that they do not require", async ({ expect }) => {
    const tool = aTool("echo", { type: "object", properties: {}, required: ["kept"] });
    const result = await runScript("return echo({kept: null, left: null, zero: 0, deep: {stays: null}, absent: undefined})", { tools: [tool] });
    expect(JSON.parse(result.text ?? "")).toEqual({ name: "echo", arguments: { kept: null, zero: 0, deep: { stays: null } } });
  });

  it("keep every character of arguments and answers", async ({ expect }) => {
    const odd = 'a\u0000b\u2028\ud83d\ude00\ud800 "\\';
    const result = await runScript(`return echo({odd: ${JSON.stringify(odd)}}) === ${JSON.stringify(JSON.stringify({ name: "echo", arguments: { odd } }))}`);
    expect(result.text).toBe("true");
  });

  it("throw what went wrong, which a script may catch", async ({ expect }) => {
    const callTool = async ({ name }: { name: string }) => {
      if (name === "refuses") return { content: [{ type: "text", text: "no such page\u001B[31m" }], isError: true };
      throw new Error("the server went away");
    };
    const tools = [aTool("refuses"), aTool("breaks")];
    const result = await runScript("const said = []; for (const tool of [refuses, breaks]) try { tool({}) } catch (error) { said.push(error.message) } return said", { tools, callTool });
    expect(result.text).toBe('["no such page[31m","the server went away"]');
    expect(await runScript("\nrefuses({})", { tools, callTool })).toMatchObject({ text: "Error running script: Error: no such page[31m (line 2)", isError: true });
  });

  it("run at the same time when they are started, a few at once", async ({ expect }) => {
    let running = 0;
    let most = 0;
    const gates: (() => void)[] = [];
    const result = await runScript("const all = []; for (let at = 0; at < 7; at += 1) all.push(wait.start({at})); return (await Promise.all(all)).join()", {
      tools: [aTool("wait")],
      limits: { parallelCalls: 3 },
      callTool: async ({ arguments: { at } }) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => {
          gates.push(resolve);
          if (gates.length === 3 || at === 6) for (const open of gates.splice(0)) open();
        });
        running -= 1;
        return text(String(at));
      },
    });
    expect(result.text).toBe("0,1,2,3,4,5,6");
    expect(most).toBe(3);
  });

  it("work one after the other while others are under way", async ({ expect }) => {
    const result = await runScript("const later = echo.start({later: 1}); const now = echo({now: 1}); return JSON.parse(now).arguments.now + JSON.parse(await later).arguments.later");
    expect(result.text).toBe("2");
  });

  it("are found by identifier, and by their own name in any case", async ({ expect }) => {
    const tools = ["mcp-find", "2nd.tool", "search", "class", "console"].map((name) => aTool(name));
    const names = await runScript("return [mcp_find(), _2nd_tool(), search(), tools['class'](), tools['console'](), tools['mcp-find']()].map((answer) => JSON.parse(answer).name).join()", { tools });
    expect(names.text).toBe("mcp-find,2nd.tool,search,class,console,mcp-find");
  });
});

describe("an engine", () => {
  it("keeps nothing from one script to the next", async ({ expect }) => {
    await using engine = createCodeModeEngine();
    const run = async (script: string) => told(await engine.run({ script, tools: [aTool("echo")], callTool: echo }, signal()));
    await run("globalThis.left = 1; Object.prototype.left = 1; Array.prototype.push = null; tools.more = 1; JSON.parse = () => 'mine'; return 1");
    expect((await run("return [typeof left, typeof ({}).left, typeof [].push, typeof tools.more, JSON.parse('1')].join()")).text).toBe("undefined,undefined,function,undefined,1");
  });

  it("runs scripts side by side, and no more than it may", async ({ expect }) => {
    await using engine = createCodeModeEngine({ runs: 2 });
    let running = 0;
    let most = 0;
    const callTool = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return text("x");
    };
    const runs = Array.from({ length: 5 }, (_, at) => engine.run({ script: `echo(); echo(); return ${at}`, tools: [aTool("echo")], callTool }, signal()));
    expect((await Promise.all(runs)).map((result) => told(result).text)).toEqual(["0", "1", "2", "3", "4"]);
    expect(most).toBeLessThanOrEqual(2);
  });

  it("ends a script at once when its caller has gone, and cancels the call under way", async ({ expect }) => {
    await using engine = createCodeModeEngine();
    const caller = new AbortController();
    let cancelled = false;
    const reason = new Error("the client went away");
    const callTool = async (_call: unknown, inner: AbortSignal) => {
      inner.addEventListener("abort", () => (cancelled = true));
      caller.abort(reason);
      return new Promise<never>(() => {});
    };
    await expect(engine.run({ script: "return echo()", tools: [aTool("echo")], callTool }, caller.signal)).rejects.toBe(reason);
    expect(cancelled).toBe(true);
    expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
  });

  it("ends a script that computes when its caller has gone", async ({ expect }) => {
    await using engine = createCodeModeEngine({ limits: { cpuMs: 60_000, wallMs: 60_000 } });
    const caller = new AbortController();
    const callTool = async () => {
      setImmediate(() => {
        caller.abort(new Error("gone"));
      });
      return text("go");
    };
    const began = performance.now();
    await expect(engine.run({ script: "echo(); while (true);", tools: [aTool("echo")], callTool }, caller.signal)).rejects.toThrow("gone");
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  it("begins nothing for a caller that has gone already", async ({ expect }) => {
    await using engine = createCodeModeEngine();
    let called = false;
    const callTool = async () => {
      called = true;
      return text("x");
    };
    await expect(engine.run({ script: "return echo()", tools: [aTool("echo")], callTool }, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    expect(called).toBe(false);
  });

  it("lets a waiting script leave the queue", async ({ expect }) => {
    await using engine = createCodeModeEngine({ runs: 1 });
    const caller = new AbortController();
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const first = engine.run({ script: "return echo()", tools: [aTool("echo")], callTool: async () => answered.then(() => text("first")) }, signal());
    const second = engine.run({ script: "return 2", tools: [], callTool: echo }, caller.signal);
    const third = engine.run({ script: "return 3", tools: [], callTool: echo }, signal());
    caller.abort(new Error("impatient"));
    await expect(second).rejects.toThrow("impatient");
    answer();
    expect([told(await first).text, told(await third).text]).toEqual(["first", "3"]);
  });

  it("ends its scripts when it is disposed", async ({ expect }) => {
    const engine = createCodeModeEngine();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const callTool = async () => {
      begin();
      return new Promise<never>(() => {});
    };
    const run = engine.run({ script: "return echo()", tools: [aTool("echo")], callTool }, signal());
    const outcome = expect(run).rejects.toThrow("the engine for scripts was closed");
    await begun;
    await engine[Symbol.asyncDispose]();
    await outcome;
  });
});
