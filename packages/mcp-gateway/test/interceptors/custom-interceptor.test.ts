import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { describe, it, onTestFinished } from "vitest";
import { aCall, interceptors, pass, text } from "./interception.ts";

const OK = JSON.stringify(text("from the hook"));
const served = async () => text("from the server");

function aDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), "sbx-hook-"));
  onTestFinished(() => {
    rmSync(directory, { recursive: true });
  });
  return directory;
}

async function aServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

describe("a hook before calls", () => {
  it("is told the call in the protocol's form and in its own", async ({ expect }) => {
    const file = path.join(aDirectory(), "told");
    const call = { ...aCall({ path: "/x" }), _meta: { trace: 1 } };
    await pass(interceptors([`before:exec:cat > ${file}`]), call, served);
    const params = { name: "read", arguments: { path: "/x" }, _meta: { trace: 1 } };
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ method: "tools/call", params, ...params, server: "files" });
  });

  it("that says nothing lets the call pass as it is", async ({ expect }) => {
    for (const command of ["true", "printf ' \\n'", "exec 1>&-; true"]) {
      const { result, reached } = await pass(interceptors([`before:exec:${command}`]), aCall({ a: 1 }), served);
      expect(result).toEqual(text("from the server"));
      expect(reached).toEqual([aCall({ a: 1 })]);
    }
  });

  it("answers in the server's place", async ({ expect }) => {
    const { result, reached } = await pass(interceptors([`before:exec:echo '${OK}'`, "after:exec:false"]), aCall(), served);
    expect(result).toEqual(text("from the hook"));
    expect(reached).toEqual([]);
  });

  it("gets no environment but what it is given", async ({ expect }) => {
    const { result } = await pass(
      interceptors([`before:exec:printf '{"content":[{"type":"text","text":"%s"}]}' "$(env | cut -d= -f1 | sort | tr '\\n' ' ')"`], { env: { PATH: "/usr/bin:/bin", MINE: "1" } }),
      aCall(),
      served,
    );
    expect(result.content[0]?.["text"]).toMatch(/^(_ )?MINE (OLDPWD )?PATH PWD (SHLVL )?(_ )?$/);
  });
});

describe("a hook after calls", () => {
  it("is told the result and may replace it", async ({ expect }) => {
    const file = path.join(aDirectory(), "told");
    const { result } = await pass(interceptors([`after:exec:cat > ${file}; echo '${OK}'`]), aCall(), async () => ({ ...text("from the server"), isError: true, structuredContent: { a: 1 } }));
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ content: [{ type: "text", text: "from the server" }], isError: true, structuredContent: { a: 1 } });
    expect(result).toEqual(text("from the hook"));
  });

  it("lets what the server could not do pass as it is", async ({ expect }) => {
    const failure = new AppError("SERVER_FAILED", { message: "no", fix: "none" });
    await expect(pass(interceptors([`after:exec:echo '${OK}'`]), aCall(), async () => Promise.reject(failure))).rejects.toBe(failure);
  });
});

describe("a hook that fails, fails the call", () => {
  it.for([
    ["exit 3", "it ended with exit code 3"],
    ["kill -9 $$", "a signal ended it"],
    ["/no/such/program", "it ended with exit code 127"],
    [`echo '${OK}'; exit 1`, "it ended with exit code 1"],
    ["echo allowed", "what it said is no result of a tool"],
    ["echo '{}'", "what it said is no result of a tool"],
    ['echo \'{"content":[{"type":"text"}]}\'', "what it said is no result of a tool"],
    ['echo \'{"content":[{"type":"video","data":""}]}\'', "what it said is no result of a tool"],
    ['echo \'{"content":[],"isError":"false"}\'', "what it said is no result of a tool"],
    [`echo '${OK}${OK}'`, "what it said is no result of a tool"],
    ["head -c 5000000 /dev/zero", "it said more than 4194304 bytes"],
    ["printf '{\"content\":[],\"_meta\":{\"a\":'; head -c 100000 /dev/zero | tr '\\0' '['", "what it said is no result of a tool"],
  ])("by %j", async ([command = "", why], { expect }) => {
    const before = await pass(interceptors([`before:exec:${command}`]), aCall(), served);
    expect(before.result).toMatchObject({
      isError: true,
      content: [{ text: `The call of 'read' was not made: interceptor before:exec failed, because ${why}. Tell the person who set it with --interceptor.` }],
    });
    expect(before.reached).toEqual([]);
    const after = await pass(interceptors([`after:exec:${command}`]), aCall(), served);
    expect(after.result).toMatchObject({
      isError: true,
      content: [{ text: `The result of 'read' is held back: interceptor after:exec failed, because ${why}. Tell the person who set it with --interceptor.` }],
    });
    expect(JSON.stringify(after.result)).not.toContain("from the server");
  });

  it("by taking too long, and all it started ends with it", async ({ expect }) => {
    const fifo = path.join(aDirectory(), "fifo");
    execFileSync("mkfifo", [fifo]);
    // Comes to its end when nobody holds the other one any more.
    const held = createReadStream(fifo).toArray();
    const limits = { hooks: { timeoutMs: 500, outputBytes: 1000 } };
    const { result, reached } = await pass(interceptors([`before:exec:sleep 60 > ${fifo} & sleep 60`], { limits }), aCall(), served);
    expect(result.content[0]?.["text"]).toContain("it took longer than 500 ms");
    expect(reached).toEqual([]);
    expect(await held).toEqual([]);
  });

  it("also when it never reads what it is told", async ({ expect }) => {
    const { result } = await pass(interceptors(["before:exec:exec 0<&-; true"]), aCall({ long: "x".repeat(1 << 20) }), served);
    expect(result).toEqual(text("from the server"));
  });
});

it("ends a hook when the caller has gone", async ({ expect }) => {
  const caller = new AbortController();
  const directory = aDirectory();
  const running = pass(interceptors([`before:exec:mkfifo ${directory}/fifo; cat ${directory}/fifo`]), aCall(), served, caller.signal);
  setImmediate(() => {
    caller.abort(new Error("gone"));
  });
  await expect(running).rejects.toThrow("gone");
});

describe("a hook at an address", () => {
  it("gets the message by POST and answers with a result, or with nothing", async ({ expect }) => {
    const seen: unknown[] = [];
    const url = await aServer((request, response) => {
      void (async () => {
        const body = Buffer.concat(await request.toArray()).toString();
        seen.push([request.method, request.headers["content-type"], (JSON.parse(body) as { params: { name: string } }).params.name]);
        response.writeHead(seen.length === 1 ? 200 : 204).end(seen.length === 1 ? OK : undefined);
      })();
    });
    expect((await pass(interceptors([`before:http:${url}`]), aCall(), served)).result).toEqual(text("from the hook"));
    expect((await pass(interceptors([`before:http:${url}`]), aCall(), served)).result).toEqual(text("from the server"));
    expect(seen).toEqual([
      ["POST", "application/json", "read"],
      ["POST", "application/json", "read"],
    ]);
  });

  it.for([
    [401, OK],
    [500, OK],
    [302, OK],
    [404, ""],
  ] as const)("fails the call by status %i", async ([status, body], { expect }) => {
    const url = await aServer((_, response) => response.writeHead(status, { location: "https://elsewhere.example/" }).end(body));
    const { result, reached } = await pass(interceptors([`before:http:${url}`]), aCall(), served);
    expect(result.isError).toBe(true);
    expect(result.content[0]?.["text"]).toMatch(status === 302 ? /could not be reached/ : new RegExp(`status ${status}`));
    expect(reached).toEqual([]);
  });

  it("fails the call by an answer without end, by silence and by absence", async ({ expect }) => {
    const limits = { hooks: { timeoutMs: 500, outputBytes: 1000 } };
    const endless = await aServer((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(10_000)));
      };
      response.on("drain", more);
      more();
    });
    expect((await pass(interceptors([`before:http:${endless}`], { limits }), aCall(), served)).result.content[0]?.["text"]).toContain("it said more than 1000 bytes");
    const silent = await aServer(() => undefined);
    expect((await pass(interceptors([`before:http:${silent}`], { limits }), aCall(), served)).result.content[0]?.["text"]).toContain("it took longer than 500 ms");
    expect((await pass(interceptors(["before:http:http://127.0.0.1:1/"], { limits }), aCall(), served)).result.content[0]?.["text"]).toContain("it could not be reached");
  });
});

describe("a hook in an image", () => {
  it("is refused where nothing runs images", ({ expect }) => {
    expect(() => interceptors(["before:docker:alpine true"])).toThrow("images are not run as interceptors here");
  });

  it("is run by what the gateway was given for it", async ({ expect }) => {
    const asked: unknown[] = [];
    const imageHook = (image: string, args: readonly string[]) => {
      asked.push([image, args]);
      return async () => OK;
    };
    const { result } = await pass(interceptors(["before:docker:checker:1 --strict 'a b'"], { imageHook }), aCall(), served);
    expect(result).toEqual(text("from the hook"));
    expect(asked).toEqual([["checker:1", ["--strict", "a b"]]]);
  });
});

it("asks hooks in their order, the first being outermost", async ({ expect }) => {
  const file = path.join(aDirectory(), "order");
  await pass(interceptors(["before:exec:echo 1 >> " + file, "after:exec:echo 2 >> " + file, "before:exec:echo 3 >> " + file, "after:exec:echo 4 >> " + file]), aCall(), served);
  expect(readFileSync(file, "utf8")).toBe("1\n3\n4\n2\n");
});
