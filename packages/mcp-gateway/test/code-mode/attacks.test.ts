import { describe, it } from "vitest";
import { nameFunctions, SCRIPT_GLOBALS } from "../../src/code-mode/function-names.ts";
import { aTool, echo, runScript, text } from "./run-script.ts";

/** Every name that leads out of an engine which shares objects with its host. */
const HOST = [
  "process",
  "require",
  "module",
  "exports",
  "global",
  "Buffer",
  "fetch",
  "XMLHttpRequest",
  "WebSocket",
  "Worker",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "WebAssembly",
  "SharedArrayBuffer",
  "Atomics",
  "std",
  "os",
  "scriptArgs",
  "print",
  "Deno",
  "Bun",
  "self",
  "window",
  "navigator",
  "call",
  "settings",
];

describe("a hostile script stays inside", () => {
  it("finds nothing of the host by any name", async ({ expect }) => {
    const result = await runScript(`return ${JSON.stringify(HOST)}.filter((name) => name in globalThis || eval("typeof " + name) !== "undefined").join()`);
    expect(result).toEqual({ text: "", console: undefined, isError: false });
  });

  it.for([
    "console.log.constructor",
    "echo.constructor",
    "echo.start.constructor",
    "tools.echo.__proto__.constructor",
    "(async () => {}).constructor",
    "(function* () {}).constructor",
    "Object.getPrototypeOf(echo.start({})).constructor.resolve.constructor",
    "(() => { try { echo(1) } catch (error) { return error.constructor.constructor } })()",
    "(() => { try { fails({}) } catch (error) { return error.constructor.constructor } })()",
    "JSON.parse(echo({}))['constructor']['constructor']",
    "echo.bind.call.apply.constructor",
    "Reflect.getPrototypeOf(Reflect.getPrototypeOf(async function* () {})).constructor",
  ])("reaches its own realm and no other by %s", async (path, { expect }) => {
    const reach = `const Maker = ${path}; const made = Maker("return globalThis")(); const own = made && typeof made.then === "function" ? await made : made && typeof made.next === "function" ? (await made.next()).value : made; return [own === globalThis, typeof own.process, typeof own.require].join()`;
    const result = await runScript(reach, {
      tools: [aTool("echo"), aTool("fails")],
      callTool: async (call, signal) => {
        if (call.name === "fails") throw new Error("no");
        return echo(call, signal);
      },
    });
    expect(result).toEqual({ text: "true,undefined,undefined", console: undefined, isError: false });
  });

  it.for(["node:fs", "fs", "./worker.ts", "file:///etc/passwd", "data:text/javascript,export default 1", "std", "os", "prelude.js", "script.js"])("imports no module %j", async (name, { expect }) => {
    const result = await runScript(`return (await import(${JSON.stringify(name)})).default`);
    expect(result.isError).toBe(true);
    expect(result.text).toContain("could not load module");
  });

  it("gets nothing from stack traces but its own lines", async ({ expect }) => {
    const result = await runScript("Error.prepareStackTrace = (_, frames) => frames.map((frame) => frame.getThis && frame.getThis()); try { echo(1) } catch (error) { return String(error.stack) }");
    expect(result.text).not.toMatch(/node:|file:|worker|\/src\//);
  });

  it("harms only itself when it leaves its wrapper", async ({ expect }) => {
    expect((await runScript("})(); globalThis.out = 1; (() => { return typeof process")).text).toBe("undefined");
  });

  it("cannot make the gateway believe in another tool or in arguments that are none", async ({ expect }) => {
    const called: unknown[] = [];
    const callTool = async (call: unknown) => {
      called.push(call);
      return text("x");
    };
    const script = `
      const tries = [() => echo('text'), () => echo([]), () => echo({}, {}), () => echo({toJSON: () => 'text'}), () => echo({toJSON: () => [1]}), () => echo(new Date(0)),
        () => echo({toJSON: () => undefined}), () => echo({big: 1n}), () => { const ring = {}; ring.ring = ring; echo(ring) }, () => echo({get a() { throw new Error('getter') }})];
      return tries.map((attempt) => { try { attempt(); return 'called' } catch { return 'refused' } }).join()`;
    expect((await runScript(script, { callTool })).text).toBe(Array.from({ length: 10 }, () => "refused").join());
    expect(called).toEqual([]);
    const renamed = "JSON.stringify = () => '{\"stolen\":true}'; Object.defineProperty(echo, 'name', {value: 'other'}); Map.prototype.get = () => 1; return echo({kept: 1})";
    await runScript(renamed, { callTool });
    expect(called).toEqual([{ name: "echo", arguments: { kept: 1 } }]);
  });

  it("takes a getter's value once and as data", async ({ expect }) => {
    const result = await runScript("let reads = 0; const answer = echo({get a() { reads += 1; return {b: reads} }, __proto__: {c: 1}, ['__proto__']: {d: 1}}); return answer + reads");
    expect(result.text).toBe('{"name":"echo","arguments":{"a":{"b":1}}}1');
    expect(({} as { d?: unknown }).d).toBeUndefined();
  });

  it("gets a hostile answer of a tool as nothing but text", async ({ expect }) => {
    const hostile = '{"error":"x","text":"y","__proto__":{"polluted":1}}"}); process.exit(1); ({"';
    const result = await runScript("const answer = echo({}); return [typeof answer, answer === (await echo.start({})), typeof ({}).polluted, answer].join('|')", {
      callTool: async () => text(hostile),
    });
    expect(result.text).toBe(`string|true|undefined|${hostile}`);
  });

  it.for([
    "__proto__",
    "constructor",
    "console",
    "toString",
    "then",
    "eval",
    "arguments",
    "await",
    "undefined",
    "globalThis",
    "JSON",
    "Promise",
    "tools",
    "prototype",
    "\u0000",
    'x"];throw 1;//',
    "a\nb",
    "😀",
    "",
  ])("calls a tool named %j and loses nothing", async (name, { expect }) => {
    const result = await runScript(
      `const answer = JSON.parse(tools[${JSON.stringify(name)}]({a: 1})); console.log("still there"); return [answer.name === ${JSON.stringify(name)}, typeof Promise, typeof JSON.parse, typeof tools].join()`,
      {
        tools: [aTool(name)],
      },
    );
    expect(result).toEqual({ text: "true,function,function,object", console: "Console output:\nstill there", isError: false });
  });

  it("has no global that a tool could replace unseen", async ({ expect }) => {
    const found = await runScript(
      "const all = new Set(); for (let at = globalThis; at; at = Object.getPrototypeOf(at)) for (const name of Object.getOwnPropertyNames(at)) all.add(name); return [...all]",
      { tools: [] },
    );
    const names = JSON.parse(found.text ?? "") as string[];
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => !SCRIPT_GLOBALS.has(name))).toEqual([]);
    expect(nameFunctions(names.map((name) => ({ name }))).filter(({ identifier }) => identifier !== undefined)).toEqual([]);
  });
});

describe("a script that takes too much is stopped", () => {
  const cpu = { cpuMs: 300, wallMs: 20_000 };
  const COMPUTED = "Error running script: it was stopped, because it computed for more than 300 ms.";

  it.for([
    ["an endless loop", "while (true);"],
    ["an endless loop that catches", "while (true) { try { while (true); } catch {} finally { continue } }"],
    ["an endless loop in what it returns", "return {toJSON() { while (true); }}"],
    ["an endless loop in what it throws", "throw {get name() { while (true); }, toString() { while (true); }}"],
    ["an endless loop in an argument", "echo({get a() { while (true); }})"],
    ["a bomb of a pattern", "return /^(a+)+$/.test('a'.repeat(60) + 'b')"],
    ["promises without end", "(function more() { Promise.resolve().then(more); })(); await new Promise(() => {})"],
    ["a flood of promises", "const more = () => { Promise.resolve().then(more); Promise.resolve().then(more) }; more(); await new Promise(() => {})"],
    ["a generator without end", "for (const _ of (function* () { while (true) yield 1 })());"],
    ["a proxy that answers itself", "const p = new Proxy({}, {get: (t, k, r) => r[k]}); while (true) { try { p.x } catch {} }"],
    ["a slow sort", "return Array.from({length: 1e6}, Math.random).sort(() => { let x = 0; for (let at = 0; at < 1000; at += 1) x += at; return x % 3 - 1 })"],
  ])("%s", async ([, script = ""], { expect }) => {
    const result = await runScript(script, { limits: cpu });
    expect(result.isError).toBe(true);
    expect(result.text).toMatch(/^Error running script: it was stopped, because it (computed for more than 300 ms|used more than 64 MiB of memory)\.$/);
  });

  it("also where the machine does not look at the clock", async ({ expect }) => {
    // One built-in that works for half a minute without a look at the clock.
    const began = performance.now();
    const result = await runScript("new Array(1e7).fill(1); const a = new Array(2e6); for (;;) a.fill(1).reverse().sort()", { limits: { ...cpu, memoryBytes: 512 << 20 } });
    expect(result.text).toBe(COMPUTED);
    expect(performance.now() - began).toBeLessThan(15_000);
  });

  it("after its time has passed, however slow its tools are", async ({ expect }) => {
    let cancelled = false;
    const result = await runScript("return echo()", {
      limits: { wallMs: 300 },
      callTool: async (_call, signal) => {
        signal.addEventListener("abort", () => (cancelled = true));
        return new Promise<never>(() => {});
      },
    });
    expect(result).toEqual({ text: "Error running script: it was stopped, because it ran for more than 300 ms.", console: undefined, isError: true });
    expect(cancelled).toBe(true);
  });

  it.for([
    ["arrays", "const all = []; while (true) all.push(new Array(1000).fill('x'));"],
    ["strings", "let all = 'x'; while (true) all += all;"],
    ["a string at once", "return 'x'.repeat(2 ** 28)"],
    ["bytes", "return new Uint8Array(2 ** 30).length"],
    ["many bytes", "const all = []; while (true) all.push(new Uint8Array(1e6));"],
    ["a map", "const all = new Map(); for (let at = 0; ; at += 1) all.set(at, [at]);"],
    ["captured errors", "const all = []; while (true) { try { null.x } catch (error) { all.push(error) } }"],
    ["closures", "let f = () => 1; while (true) { const g = f; f = () => g; }"],
  ])("for memory in %s", async ([, script = ""], { expect }) => {
    const before = process.memoryUsage().rss;
    const result = await runScript(script, { limits: { memoryBytes: 8 << 20, cpuMs: 2000 } });
    expect(result.isError).toBe(true);
    expect(result.text).toMatch(/used more than 8 MiB of memory|computed for more than 2000 ms|string too long|its memory was used up/);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
  });

  it.for([
    ["functions", "(function deeper() { deeper() })()"],
    ["parsing", "return JSON.parse('['.repeat(1e5) + ']'.repeat(1e5)).length"],
    ["writing", "let o = {}; for (let at = 0; at < 1e5; at += 1) o = {o}; return o"],
    ["source text", "return eval('('.repeat(1e5) + '1' + ')'.repeat(1e5))"],
    ["a pattern", "return new RegExp('(?:'.repeat(1e5) + ')'.repeat(1e5))"],
    ["getters", "const o = {get a() { return this.a }}; return o.a"],
    ["toString", "const a = []; a.push(a); a.toString = () => String(a); return String(a)"],
    ["proxies", "let p = {}; for (let at = 0; at < 1e5; at += 1) p = new Proxy(p, {}); return p.x"],
    ["bound functions", "let f = () => 1; for (let at = 0; at < 1e5; at += 1) f = f.bind(null); return f()"],
  ])("for depth of %s", async ([, script = ""], { expect }) => {
    const result = await runScript(script, { limits: { cpuMs: 1000 } });
    expect(result.isError).toBe(true);
    expect(result.text).toMatch(/stack overflow|too deep|too large|MiB of memory|computed for more than 1000 ms/);
  });

  it("after too many calls, whether it catches or not", async ({ expect }) => {
    let made = 0;
    const callTool = async () => {
      made += 1;
      return text("x");
    };
    for (const script of [
      "while (true) echo()",
      "while (true) { try { echo() } catch {} }",
      "while (true) echo.start()",
      "const all = []; for (let at = 0; at < 100; at += 1) all.push(echo.start()); await Promise.allSettled(all); return 'survived'",
    ]) {
      made = 0;
      const result = await runScript(script, { callTool, limits: { calls: 20 } });
      expect(result.text).toBe("Error running script: it was stopped, because it called tools more than 20 times.");
      expect(made).toBeLessThanOrEqual(20);
    }
  });

  it("but what it wrote until then is shown", async ({ expect }) => {
    const result = await runScript("console.log('got here'); while (true);", { limits: cpu });
    expect(result).toEqual({ text: COMPUTED, console: "Console output:\ngot here", isError: true });
  });

  it("when it floods the console, of which a little is kept", async ({ expect }) => {
    const result = await runScript("const line = 'x'.repeat(1e6); while (true) console.log(line)", { limits: { ...cpu, consoleCharacters: 1000 } });
    expect(result.text).toBe(COMPUTED);
    expect(result.console).toMatch(/^Console output:\nx{1000}\n\([0-9]+ more characters were dropped\)$/);
  });
});

describe("sizes", () => {
  it("keeps a huge result, an odd one too, from the caller", async ({ expect }) => {
    const limits = { resultBytes: 1000 };
    for (const script of ["return 'x'.repeat(1e7)", "return '\\u0000'.repeat(1001)", "return '€'.repeat(334)", "return Array(1001).fill(0)"]) {
      const result = await runScript(script, { limits });
      expect(result.isError).toBe(true);
      expect(result.text).toMatch(/^Error running script: the script returned \d+ bytes, more than the 1000 that a result may have; return less of it$/);
    }
    expect((await runScript("return '\\u0000'.repeat(1000)", { limits })).text).toHaveLength(1000);
  });

  it("keeps huge arguments from a tool, and its huge answer from the script", async ({ expect }) => {
    let called = 0;
    const callTool = async () => {
      called += 1;
      return text("x".repeat(2000));
    };
    const limits = { argumentBytes: 1000, argumentDepth: 8, answerBytes: 1000 };
    expect((await runScript("return echo({a: 'x'.repeat(1000)})", { callTool, limits })).text).toContain("more than the 1000");
    expect((await runScript("return echo({a: '€'.repeat(400)})", { callTool, limits })).text).toContain("more than the 1000");
    expect((await runScript("let o = {}; for (let at = 0; at < 8; at += 1) o = {o}; return echo(o)", { callTool, limits })).text).toContain("nest more than 8 deep");
    expect(called).toBe(0);
    expect((await runScript("return echo()", { callTool, limits })).text).toContain("answered with 2000 bytes, more than the 1000");
  });

  it("runs no script that is too long", async ({ expect }) => {
    expect(await runScript(`return 1 //${"x".repeat(1000)}`, { limits: { scriptBytes: 1000 } })).toEqual({
      text: "Error running script: it has 1011 bytes, more than the 1000 that a script may have.",
      console: undefined,
      isError: true,
    });
  });
});
