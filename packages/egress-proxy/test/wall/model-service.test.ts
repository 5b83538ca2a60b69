import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { SandboxId } from "@sbx/contracts";
import { Secret } from "@sbx/secret-injector";
import { describe, it } from "vitest";
import type { ModelBinding } from "../../src/index.ts";
import { SANDBOX, startPod } from "./pod.ts";
import { selfSigned } from "./self-signed.ts";

import { ask, EVENTS, KEY, PLACEHOLDER, startProvider, until } from "./model-provider.ts";

describe("the model service", () => {
  it("puts the real key on, takes every other credential off, and passes the rest", async ({ expect }) => {
    await using provider = await startProvider((_, response) => {
      response.setHeader("Set-Cookie", "session=1");
      response.setHeader("Alt-Svc", "h3");
      response.setHeader("Request-Id", "req_1");
      response.end('{"model":"claude-x","usage":{"input_tokens":3,"output_tokens":4}}');
    });
    const answer = await ask(provider.pod, {
      path: "/anthropic/v1//messages?beta=true&key=abc",
      headers: [
        `x-api-key: ${PLACEHOLDER}`,
        "Authorization: Bearer other",
        "X-Goog-Api-Key: other",
        "Cookie: a=b",
        "Proxy-Authorization: Basic x",
        "X-Forwarded-For: 1.1.1.1",
        "anthropic-version: 2023-06-01",
        "Accept-Encoding: gzip, br",
        "Content-Type: application/json",
      ],
      body: '{"a":1}',
    });
    expect(answer.status).toBe(200);
    expect(answer.head).toMatch(/Request-Id: req_1/i);
    expect(answer.head).not.toMatch(/set-cookie|alt-svc/i);
    expect(provider.seen).toHaveLength(1);
    const [seen] = provider.seen;
    expect(seen).toMatchObject({
      method: "POST",
      url: "/v1/messages?beta=true",
      body: '{"a":1}',
      headers: { "x-api-key": KEY, "anthropic-version": "2023-06-01", "content-type": "application/json", "accept-encoding": "identity", host: `127.0.0.1:${provider.port}` },
    });
    for (const name of ["authorization", "x-goog-api-key", "cookie", "proxy-authorization", "x-forwarded-for"]) expect(seen?.headers[name]).toBeUndefined();
    await provider.pod.idle();
    expect(provider.pod.events).toEqual([{ type: "model.used", pod: SANDBOX, fields: { service: "anthropic", model: "claude-x", inputTokens: 3, outputTokens: 4 } }]);
    expect(provider.pod.faults).toEqual([]);
  });

  it.for([
    ["x-api-key", `x-api-key: ${PLACEHOLDER}`],
    ["a bearer", `Authorization: Bearer ${PLACEHOLDER}`],
    ["x-goog-api-key", `X-Goog-Api-Key: ${PLACEHOLDER}`],
  ] as const)("takes the placeholder in %s and writes the key in the provider's form", async ([, header], { expect }) => {
    await using provider = await startProvider(undefined, { header: "authorization", format: "Bearer %s", dialect: "openai" });
    expect((await ask(provider.pod, { path: "/anthropic/v1/responses", headers: [header] })).status).toBe(200);
    expect(provider.seen[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(JSON.stringify(provider.seen)).not.toContain(PLACEHOLDER);
  });

  it("takes it from the query too, and does not pass it on", async ({ expect }) => {
    await using provider = await startProvider(undefined, { dialect: "google", header: "x-goog-api-key" });
    expect((await ask(provider.pod, { path: `/anthropic/v1beta/models/g:generateContent?key=${PLACEHOLDER}&alt=sse`, headers: [] })).status).toBe(200);
    expect(provider.seen[0]?.url).toBe("/v1beta/models/g:generateContent?alt=sse");
  });

  it("streams each part at once and counts as the provider does", async ({ expect }) => {
    const { promise: go, resolve } = Promise.withResolvers<void>();
    await using provider = await startProvider((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(EVENTS[0]);
      void go.then(() => response.end(EVENTS[1]));
    });
    const socket = await provider.pod.dial("model.sbx.internal", 80);
    socket.write(`POST /anthropic/v1/messages HTTP/1.1\r\nHost: model.sbx.internal\r\nx-api-key: ${PLACEHOLDER}\r\nContent-Length: 2\r\n\r\n{}`);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await until(() => text.includes("message_start"));
    expect(text).not.toContain("message_delta");
    resolve();
    await until(() => text.includes('"output_tokens":42'));
    socket.destroy();
    await provider.pod.idle();
    expect(provider.pod.events.map(({ fields }) => fields)).toEqual([{ service: "anthropic", model: "claude-x", inputTokens: 11, cacheReadTokens: 5, outputTokens: 42 }]);
  });

  it("ends the provider's answer when the client goes away", async ({ expect }) => {
    await using provider = await startProvider((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(EVENTS[0]);
    });
    const socket = await provider.pod.dial("model.sbx.internal", 80);
    socket.write(`POST /anthropic/v1/messages HTTP/1.1\r\nHost: model.sbx.internal\r\nx-api-key: ${PLACEHOLDER}\r\nContent-Length: 2\r\n\r\n{}`);
    await once(socket, "data");
    socket.destroy();
    await until(() => provider.replies[0]?.destroyed === true);
    await provider.pod.idle();
    expect(provider.pod.events.map(({ type }) => type)).toEqual(["model.used"]);
    expect(provider.pod.faults).toEqual([]);
  });

  it("reads an answer that comes compressed although nobody asked for it", async ({ expect }) => {
    await using provider = await startProvider((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(gzipSync(`{"model":"claude-x","usage":{"input_tokens":1,"output_tokens":2},"echo":"${KEY}"}`));
    });
    const answer = await ask(provider.pod);
    expect(answer.body).toContain('"claude-x"');
    expect(answer.head).not.toMatch(/content-encoding/i);
    expect(answer.body).not.toContain(KEY);
  });

  it.for([
    ["none", []],
    ["a wrong one", ["x-api-key: sk-ant-api03-wrong"]],
    ["half of it", [`x-api-key: ${PLACEHOLDER.slice(0, -1)}`]],
    ["more than it", [`x-api-key: ${PLACEHOLDER}x`]],
    ["the real key", [`x-api-key: ${KEY}`]],
    ["it in another header", [`x-other: ${PLACEHOLDER}`]],
    ["it as a cookie", [`cookie: x-api-key=${PLACEHOLDER}`]],
    ["it as a basic credential", [`authorization: Basic ${PLACEHOLDER}`]],
    ["an empty one", ["x-api-key:"]],
  ] as const)("answers 403, never 401, to %s of the placeholder", async ([, headers], { expect }) => {
    await using provider = await startProvider();
    const answer = await ask(provider.pod, { headers });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toEqual({ type: "error", error: { type: "permission_error", message: expect.stringContaining("not the placeholder of this sandbox") } });
    await provider.pod.idle();
    expect(provider.seen).toEqual([]);
    expect(provider.pod.events.map(({ type }) => type)).toEqual(["model.denied"]);
    expect(JSON.stringify(provider.pod.events)).not.toContain("sk-ant");
  });

  it("does not know another sandbox's placeholder", async ({ expect }) => {
    await using provider = await startProvider();
    expect((await ask(provider.pod, { sandbox: SandboxId.parse("sbx_other001") })).status).toBe(404);
    expect(provider.seen).toEqual([]);
  });

  it("says which command gives it a key when it has none", async ({ expect }) => {
    await using provider = await startProvider(undefined, { secret: () => Promise.resolve(undefined) });
    const answer = await ask(provider.pod);
    expect(answer.status).toBe(403);
    expect(answer.body).toContain("sbx secret set anthropic");
    expect(provider.seen).toEqual([]);
  });

  it("says that the key could not be read, and not why", async ({ expect }) => {
    await using provider = await startProvider(undefined, { secret: () => Promise.reject(new Error(`vault says ${KEY}`)) });
    const answer = await ask(provider.pod);
    expect(answer.status).toBe(502);
    expect(answer.body + JSON.stringify(provider.pod.events)).not.toContain(KEY);
    expect(provider.seen).toEqual([]);
  });

  it("turns the provider's 401 into a 403 that says what to do", async ({ expect }) => {
    await using provider = await startProvider((_, response) => response.writeHead(401, { "www-authenticate": "Bearer" }).end(`{"error":"${KEY} is wrong"}`));
    const answer = await ask(provider.pod);
    expect(answer.status).toBe(403);
    expect(answer.body).toContain("sbx secret set anthropic");
    expect(answer.body).not.toContain(KEY);
  });

  it("follows no redirect with a key", async ({ expect }) => {
    await using elsewhere = await startProvider();
    await using provider = await startProvider((_, response) => response.writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}/` }).end());
    const answer = await ask(provider.pod);
    expect(answer.status).toBe(502);
    expect(answer.head + answer.body).not.toContain(String(elsewhere.port));
    expect(elsewhere.seen).toEqual([]);
  });

  it("takes the key out of an answer that repeats it, in headers and body, also across parts", async ({ expect }) => {
    await using provider = await startProvider((_, response) => {
      response.writeHead(400, { "content-type": "text/plain", "x-echo": KEY });
      response.write(`your key ${KEY.slice(0, 20)}`);
      setTimeout(() => response.end(`${KEY.slice(20)} is odd`), 30);
    });
    const answer = await ask(provider.pod);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain("*".repeat(KEY.length));
    expect(answer.head + answer.body).not.toContain("REAL-KEY");
    await provider.pod.idle();
    expect(JSON.stringify(provider.pod.events)).not.toContain("REAL-KEY");
    expect(provider.pod.events.map(({ type }) => type)).toEqual(["model.denied"]);
  });

  it.for([
    "/anthropic/../evil/v1",
    "/anthropic/%2e%2e/v1",
    "/anthropic/v1/..%2f..",
    "/anthropic/.%2e/v1",
    "/anthropic/%2E/v1",
    "/anthropic/v1%2fmessages",
    "/anthropic/v1%5cmessages",
    "/anthropic/v1\\messages",
    "/anthropic/%252e%252e/v1",
    "/anthropic/v1/%00",
    "/anthropic/v1/%0d%0aX-A:b",
    "/anthropic/v1/%zz",
    "/%61nthropic/v1",
    "/anthropic;x/v1",
    "/openai/v1/models",
    "/",
    "/anthropic@evil.test/v1",
  ])("refuses the path %s", async (path, { expect }) => {
    await using provider = await startProvider();
    expect([400, 404]).toContain((await ask(provider.pod, { path })).status);
    expect(provider.seen).toEqual([]);
  });

  it("stays at its host, whatever the target says", async ({ expect }) => {
    await using provider = await startProvider();
    for (const path of [
      "http://evil.test/anthropic/v1/messages",
      "//evil.test/anthropic/v1/messages",
      "/anthropic//evil.test/v1/messages",
      "/anthropic/http://evil.test/v1/messages",
      "/anthropic///messages",
    ])
      await ask(provider.pod, { path });
    for (const { headers } of provider.seen) expect(headers.host).toBe(`127.0.0.1:${provider.port}`);
    expect(provider.seen.map(({ url }) => url)).toEqual(["/messages"]);
  });

  it.for([
    ["anthropic", "DELETE", "/v1/messages"],
    ["anthropic", "POST", "/v1/messages/batches"],
    ["anthropic", "POST", "/v1/files"],
    ["anthropic", "POST", "/v1/organizations/invites"],
    ["anthropic", "POST", "/v1/messages/x"],
    ["anthropic", "POST", "/x/v1/messages"],
    ["anthropic", "POST", "/api/hello"],
    ["anthropic", "POST", "/"],
    ["openai", "POST", "/v1/files"],
    ["openai", "DELETE", "/v1/models/m"],
    ["openai", "POST", "/v1/fine_tuning/jobs"],
    ["openai", "POST", "/v1/responses/r/cancel"],
    ["openai", "POST", "/v1/organization/admin_api_keys"],
    ["openai", "POST", "/v1/messages"],
    ["google", "POST", "/v1beta/models/m:embedContent"],
    ["google", "POST", "/v1beta/models/m:predict"],
    ["google", "POST", "/v1beta/cachedContents"],
    ["google", "POST", "/v1beta/models/a:b:generateContent"],
    ["google", "POST", "/upload/v1beta/files"],
    ["google", "PATCH", "/v1beta/models/m"],
  ] as const)("puts no key for %s on %s %s, and says so in the provider's form", async ([dialect, method, path], { expect }) => {
    await using provider = await startProvider(undefined, { dialect });
    const answer = await ask(provider.pod, { method, path: `/anthropic${path}` });
    expect(answer.status).toBe(403);
    const message = expect.stringContaining("nothing else of the account");
    expect(JSON.parse(answer.body)).toEqual(
      {
        anthropic: { type: "error", error: { type: "permission_error", message } },
        openai: { error: { message, type: "permission_error", param: null, code: null } },
        google: { error: { code: 403, message, status: "PERMISSION_DENIED" } },
      }[dialect],
    );
    await provider.pod.idle();
    expect(provider.seen).toEqual([]);
    expect(provider.pod.events.map(({ type }) => type)).toEqual(["model.denied"]);
  });

  it.for([
    ["anthropic", "GET", "/api/claude_code/settings"],
    ["anthropic", "HEAD", "/v1/files"],
    ["openai", "GET", "/v1/files"],
    ["openai", "GET", "/v1/responses/r"],
    ["google", "GET", "/v1beta/files"],
    ["google", "GET", "/v1beta/models/m:x"],
  ] as const)("finds nothing for %s at %s %s, without asking the provider", async ([dialect, method, path], { expect }) => {
    await using provider = await startProvider(undefined, { dialect });
    expect((await ask(provider.pod, { method, path: `/anthropic${path}`, body: "" })).status).toBe(404);
    await provider.pod.idle();
    expect(provider.seen).toEqual([]);
    expect(provider.pod.events).toEqual([]);
  });

  it.for([
    ["anthropic", "POST", "/v1/messages?beta=true"],
    ["anthropic", "POST", "/v1/messages/count_tokens"],
    ["anthropic", "GET", "/v1/models?limit=1"],
    ["anthropic", "GET", "/v1/models/claude-x"],
    ["anthropic", "HEAD", "/api/hello"],
    ["anthropic", "GET", "/api/hello"],
    ["openai", "POST", "/v1/responses"],
    ["openai", "POST", "/responses"],
    ["openai", "POST", "/v1/responses/compact"],
    ["openai", "POST", "/v1/chat/completions"],
    ["openai", "GET", "/v1/models"],
    ["openai", "GET", "/v1/models/ft:gpt:org::id"],
    ["google", "POST", "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"],
    ["google", "POST", "/v1/models/g:generateContent"],
    ["google", "POST", "/v1beta/models/g:countTokens"],
    ["google", "GET", "/v1beta/models"],
    ["google", "GET", "/v1beta/models/g"],
  ] as const)("asks for %s: %s %s", async ([dialect, method, path], { expect }) => {
    await using provider = await startProvider(undefined, { dialect });
    const headers = [`x-api-key: ${PLACEHOLDER}`, "X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE", "X-Method-Override: DELETE"];
    expect((await ask(provider.pod, { method, path: `/anthropic${path}`, headers, body: method === "POST" ? "{}" : "" })).status).toBe(200);
    expect(provider.seen).toMatchObject([{ method, url: path }]);
    expect(Object.keys(provider.seen[0]?.headers ?? {}).filter((name) => name.includes("method"))).toEqual([]);
  });

  it.for(["TRACE", "OPTIONS", "PROPFIND"])("does not pass on %s", async (method, { expect }) => {
    await using provider = await startProvider();
    expect((await ask(provider.pod, { method, body: "" })).status).toBe(405);
    expect(provider.seen).toEqual([]);
  });

  it("refuses WebSockets with 426, web pages, and requests that are too large", async ({ expect }) => {
    await using provider = await startProvider();
    expect((await ask(provider.pod, { method: "GET", headers: [`x-api-key: ${PLACEHOLDER}`, "Connection: Upgrade", "Upgrade: websocket"], body: "" })).status).toBe(426);
    expect((await ask(provider.pod, { headers: [`x-api-key: ${PLACEHOLDER}`, "Origin: http://evil.test"] })).status).toBe(403);
    await using small = startPod({
      limits: { bodyBytes: 10 },
      models: [
        {
          service: "anthropic",
          upstream: new URL(`http://127.0.0.1:${provider.port}`),
          header: "x-api-key",
          format: "%s",
          dialect: "anthropic",
          placeholder: PLACEHOLDER,
          secret: () => Promise.resolve(new Secret(KEY)),
        },
      ],
    });
    expect((await ask(small, { body: "x".repeat(11) })).status).toBe(413);
    expect(provider.seen).toEqual([]);
  });

  it("sends a key only over https, or to this machine itself", async ({ expect }) => {
    for (const upstream of ["http://api.example.org", "http://localhost:1", "http://[::1]:1", "https://user:pass@api.example.org", "ftp://127.0.0.1"]) {
      let asked = false;
      await using provider = await startProvider(undefined, {
        upstream: new URL(upstream),
        secret: () => {
          asked = true;
          return Promise.resolve(new Secret(KEY));
        },
      });
      expect((await ask(provider.pod)).status).toBe(403);
      expect(asked).toBe(false);
    }
  });

  it("speaks only to a provider whose certificate is good", async ({ expect }) => {
    const good = selfSigned("localhost");
    const seen: string[] = [];
    const server = createTlsServer(good, (request, response) => {
      seen.push(String(request.headers["x-api-key"]));
      response.end("{}");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const binding = (host: string): ModelBinding => ({
      service: "anthropic",
      upstream: new URL(`https://${host}:${port}`),
      header: "x-api-key",
      format: "%s",
      dialect: "anthropic",
      placeholder: PLACEHOLDER,
      secret: () => Promise.resolve(new Secret(KEY)),
    });
    await using unknown = startPod({ models: [binding("localhost")] });
    const refused = await ask(unknown);
    expect(refused.status).toBe(502);
    expect(refused.body).toContain("DEPTH_ZERO_SELF_SIGNED_CERT");
    await using otherName = startPod({ models: [binding("127.0.0.1")], trust: [good.cert] });
    expect((await ask(otherName)).body).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(seen).toEqual([]);
    await using trusted = startPod({ models: [binding("localhost")], trust: [good.cert] });
    expect((await ask(trusted)).status).toBe(200);
    expect(seen).toEqual([KEY]);
    server.closeAllConnections();
    server.close();
  });
});
