import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { connect, createServer as createTcp } from "node:net";
import { text } from "node:stream/consumers";
import { AppError, type Rule } from "@sbx/contracts";
import { compilePolicy, type CompiledPolicy } from "@sbx/egress-policy";
import { describe, it } from "vitest";
import { createGuardedFetch, type GuardedFetch, type RemoteOutcome } from "../../src/remote/guarded-fetch.ts";
import { selfSigned } from "../wall/self-signed.ts";

const CERTIFICATE = selfSigned("api.test", "other.test");

interface Site extends AsyncDisposable {
  readonly port: number;
  readonly requests: { readonly method: string; readonly path: string; readonly headers: IncomingMessage["headers"]; readonly body: string }[];
}

/** A site that speaks TLS for api.test and other.test. */
async function startSite(answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end("hello")): Promise<Site> {
  const requests: Site["requests"] = [];
  const server = createServer(CERTIFICATE, (request, response) => {
    void text(request).then((body) => {
      requests.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, body });
      answer(request, response);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function policyOf(...texts: readonly string[]): CompiledPolicy {
  return compilePolicy(texts.map((to, index): Rule => ({ id: `r${index}`, effect: to.startsWith("deny ") ? "deny" : "allow", to: to.replace(/^deny /, ""), layer: "server" })));
}

interface Made extends AsyncDisposable {
  readonly guarded: GuardedFetch;
  readonly outcomes: RemoteOutcome[];
  readonly asked: string[];
  policy: CompiledPolicy;
}

/** `port` stands for 443 of every address. */
function make(
  port: number,
  {
    rules = ["api.test:443", "127.0.0.1:443"],
    addresses = ["127.0.0.1"],
    ...more
  }: {
    readonly rules?: readonly string[];
    readonly addresses?: readonly string[];
    readonly headers?: Readonly<Record<string, string>>;
    readonly trust?: readonly string[];
    readonly origin?: string;
  } = {},
): Made {
  const outcomes: RemoteOutcome[] = [];
  const asked: string[] = [];
  const made: Made = {
    outcomes,
    asked,
    policy: policyOf(...rules),
    guarded: createGuardedFetch({
      policy: () => made.policy,
      origin: "https://api.test",
      record: (outcome) => outcomes.push(outcome),
      resolve: (name) => {
        asked.push(name);
        return Promise.resolve(addresses);
      },
      connect: (target) => connect({ ...target, port }),
      hostAddresses: () => ["203.0.113.9"],
      trust: [CERTIFICATE.cert],
      ...more,
    }),
    [Symbol.asyncDispose]: () => made.guarded[Symbol.asyncDispose](),
  };
  return made;
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: unknown) => (AppError.is(error) ? error.code : String(error)),
  );

describe("a fetch for servers that somebody else runs", () => {
  it("speaks TLS with the origin, carries its headers over what a request has, and records its connections", async ({ expect }) => {
    await using site = await startSite();
    await using made = make(site.port, { headers: { authorization: "Bearer real" } });
    for (const body of ["1", "2"])
      expect(await (await made.guarded.fetch("https://api.test/mcp?a=b", { method: "POST", body, headers: { authorization: "Bearer theirs", "content-type": "application/json" } })).text()).toBe(
        "hello",
      );
    expect(site.requests.map(({ method, path, body, headers }) => [method, path, body, headers.authorization, headers.host])).toEqual([
      ["POST", "/mcp?a=b", "1", "Bearer real", "api.test"],
      ["POST", "/mcp?a=b", "2", "Bearer real", "api.test"],
    ]);
    expect(new Set(made.outcomes.map(({ kind, to, port }) => `${kind} ${to}:${port}`))).toEqual(new Set(["allowed api.test:443"]));
  });

  it("asks nothing after its end, whether it was used before or not", async ({ expect }) => {
    await using site = await startSite();
    for (const uses of [0, 1]) {
      const made = make(site.port);
      for (let use = 0; use < uses; use += 1) await (await made.guarded.fetch("https://api.test/")).text();
      const before = [site.requests.length, made.asked.length];
      await made[Symbol.asyncDispose]();
      await expect(made.guarded.fetch("https://api.test/")).rejects.toThrow();
      expect([site.requests.length, made.asked.length]).toEqual(before);
    }
  });

  it.for([
    "http://api.test/",
    "https://other.test/",
    "https://api.test:8443/",
    "https://user:secret@api.test/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "file:///etc/passwd",
    "https://api.test.evil.test/",
    "https://api_test/",
    "ftp://api.test/",
  ])("asks nothing of %s", async (url, { expect }) => {
    await using site = await startSite();
    await using made = make(site.port, { headers: { authorization: "Bearer real" } });
    expect(await codeOf(made.guarded.fetch(url))).toBe("SERVER_DENIED");
    expect([site.requests, made.asked]).toEqual([[], []]);
  });

  it.for(["10.0.0.5", "192.168.1.1", "169.254.169.254", "100.100.100.200", "127.0.0.1", "0.0.0.0", "203.0.113.9", "::1", "fd00::1", "::ffff:10.0.0.5", "fe80::1"])(
    "does not dial %s, whatever name leads there",
    async (address, { expect }) => {
      await using site = await startSite();
      await using made = make(site.port, { rules: ["api.test:443"], addresses: [address] });
      expect(await codeOf(made.guarded.fetch("https://api.test/"))).toBe("SERVER_DENIED");
      expect(site.requests).toEqual([]);
      expect(made.outcomes).toEqual([expect.objectContaining({ kind: "denied", to: "api.test" })]);
    },
  );

  it("asks the policy for each request, also where a connection is open", async ({ expect }) => {
    await using site = await startSite();
    await using made = make(site.port);
    await (await made.guarded.fetch("https://api.test/")).text();
    made.policy = policyOf("api.test:443", "127.0.0.1:443", "deny api.test");
    expect(await codeOf(made.guarded.fetch("https://api.test/"))).toBe("SERVER_DENIED");
    expect(site.requests).toHaveLength(1);
    expect(made.outcomes.at(-1)).toMatchObject({ kind: "denied", to: "api.test" });
  });

  it("resolves anew for each connection and dials what it vetted: a name that was turned to the inside later reaches nothing", async ({ expect }) => {
    await using site = await startSite((_, response) => response.writeHead(200, { connection: "close" }).end());
    const addresses = ["127.0.0.1"];
    await using made = make(site.port, { addresses });
    await (await made.guarded.fetch("https://api.test/")).text();
    addresses[0] = "10.0.0.5";
    expect(await codeOf(made.guarded.fetch("https://api.test/"))).toBe("SERVER_DENIED");
    expect(site.requests).toHaveLength(1);
  });

  it("follows a redirect inside the origin, and takes nothing to another one", async ({ expect }) => {
    const places: Record<string, string> = {
      "/same": "/there",
      "/other": "https://other.test/steal",
      "/down": "http://api.test/plain",
      "/port": "https://api.test:8443/",
      "/round": "/round",
      "/bad": "http://[",
    };
    await using site = await startSite((request, response) => {
      const location = places[request.url ?? ""];
      if (location === undefined) response.end("there");
      else response.writeHead(307, { location }).end();
    });
    await using made = make(site.port, { rules: ["api.test:443", "other.test:443", "127.0.0.1:443"], headers: { authorization: "Bearer real" } });
    expect(await (await made.guarded.fetch("https://api.test/same", { method: "POST", body: "kept" })).text()).toBe("there");
    expect(site.requests.at(-1)).toMatchObject({ path: "/there", method: "POST", body: "kept" });
    for (const path of ["/other", "/down", "/port", "/round", "/bad"]) expect([path, await codeOf(made.guarded.fetch(`https://api.test${path}`))]).toEqual([path, "SERVER_DENIED"]);
    expect(site.requests.some(({ headers, path }) => headers.host !== "api.test" || path === "/steal")).toBe(false);
    expect(made.asked.every((name) => name === "api.test")).toBe(true);
  });

  it("accepts no certificate that is not trusted, and none of another host", async ({ expect }) => {
    await using site = await startSite();
    await using untrusting = make(site.port, { trust: [] });
    expect(await codeOf(untrusting.guarded.fetch("https://api.test/"))).toBe("SERVER_FAILED");
    await using elsewhere = make(site.port, { rules: ["third.test:443", "127.0.0.1:443"], origin: "https://third.test" });
    expect(await codeOf(elsewhere.guarded.fetch("https://third.test/"))).toBe("SERVER_FAILED");
    expect(site.requests).toEqual([]);
  });

  it("gives up on a server that does not finish its handshake", async ({ expect }) => {
    const silent = createTcp((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const guarded = createGuardedFetch({
      policy: () => policyOf("api.test:443", "127.0.0.1:443"),
      record: () => undefined,
      resolve: () => Promise.resolve(["127.0.0.1"]),
      connect: (target) => connect({ ...target, port }),
      limits: { headMs: 100 },
    });
    expect(await codeOf(guarded.fetch("https://api.test/"))).toBe("SERVER_FAILED");
    await guarded[Symbol.asyncDispose]();
    silent.close();
  });

  it("gives up when its caller does, and closes everything when it is disposed of", async ({ expect }) => {
    await using site = await startSite((_, response) => response.writeHead(200, { "content-type": "text/event-stream" }).write(": begins\n\n"));
    const made = make(site.port);
    const reply = await made.guarded.fetch("https://api.test/");
    await expect(made.guarded.fetch("https://api.test/", { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    const ended = reply.text().then(
      () => "read",
      () => "broken off",
    );
    await made.guarded[Symbol.asyncDispose]();
    expect(await ended).toBe("broken off");
  });
});
