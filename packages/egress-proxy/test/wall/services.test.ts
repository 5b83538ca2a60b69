import { describe, it } from "vitest";
import { ServerPodId } from "@sbx/contracts";
import { readAll, SANDBOX, startPod, type TestPod } from "./pod.ts";

async function ask(pod: TestPod, to: string, port: number, headers: readonly string[], line = "GET / HTTP/1.1"): Promise<string> {
  const socket = await pod.dial(to, port);
  socket.write(`${line}\r\n${headers.map((header) => `${header}\r\n`).join("")}Connection: close\r\n\r\n`);
  return (await readAll(socket)).text;
}

describe("the services of sbx in a pod", () => {
  it("say what the sandbox may reach and what was refused, as text and as JSON", async ({ expect }) => {
    await using pod = startPod({ rules: ["api.test:443"], now: () => new Date(0) });
    await readAll(await pod.dial("evil.test", 22));
    const text = await ask(pod, "policy.sbx.internal", 80, ["Host: policy.sbx.internal"]);
    expect(text).toContain("allow api.test:443  (user, rule r0)");
    expect(text).toContain("1970-01-01T00:00:00.000Z  evil.test:22  no rule allows evil.test:22");
    expect(text).toContain("sbx policy allow evil.test:22 --sandbox sbx_test0001");
    const json = await ask(pod, "policy.sbx.internal", 80, ["Host: policy.sbx.internal", "Accept: application/json"]);
    expect(JSON.parse(json.split("\r\n\r\n")[1] ?? "")).toMatchObject({ sandbox: "sbx_test0001", default: "deny", rules: [{ to: "api.test:443" }], denials: [{ to: "evil.test:22" }] });
    expect(await ask(pod, "policy.sbx.internal", 80, ["Host: policy.sbx.internal"], "DELETE / HTTP/1.1")).toMatch(/^HTTP\/1.1 405 /);
  });

  it("forget a sandbox's denials with it, and keep no more than the last fifty", async ({ expect }) => {
    await using pod = startPod();
    for (let port = 1; port <= 60; port += 1) await readAll(await pod.dial("evil.test", 1000 + port));
    const page = await ask(pod, "policy.sbx.internal", 80, ["Host: policy.sbx.internal"]);
    expect(page.match(/Z {2}evil\.test/g)).toHaveLength(50);
    pod.wall.forget(SANDBOX);
    expect(await ask(pod, "policy.sbx.internal", 80, ["Host: policy.sbx.internal"])).toContain("Nothing was refused so far.");
  });

  it("answer at both places of the MCP gateway that there is none", async ({ expect }) => {
    await using pod = startPod();
    for (const [to, port, host] of [
      ["mcp.sbx.internal", 80, "mcp.sbx.internal"],
      ["mcp.sbx.internal", 8811, "mcp.sbx.internal:8811"],
      ["host.docker.internal", 8811, "host.docker.internal:8811"],
    ] as const) {
      expect(await ask(pod, to, port, [`Host: ${host}`])).toMatch(/^HTTP\/1.1 503 [^]*no MCP gateway/);
    }
  });

  it.for([
    ["mcp.sbx.internal", 80],
    ["mcp.sbx.internal", 8811],
    ["host.docker.internal", 8811],
    ["model.sbx.internal", 80],
    ["policy.sbx.internal", 80],
  ] as const)("are nothing in the pod of a server, whatever the rules say: %s:%d", async ([to, port], { expect }) => {
    await using pod = startPod({ rules: ["**", "0.0.0.0/0", "host.docker.internal:8812"] });
    const socket = await pod.dial(to, port, ServerPodId.parse("mcp_test0001"));
    socket.write(`GET / HTTP/1.1\r\nHost: ${to}:${port}\r\nConnection: close\r\n\r\n`);
    const { text } = await readAll(socket);
    expect(text).toMatch(port === 80 ? /^HTTP\/1.1 403 / : /^$/);
    expect(pod.events).toEqual([{ type: "egress.denied", pod: "mcp_test0001", fields: { to, port, rule: null, reason: expect.stringMatching(/is no service of sbx|is sbx's own/) } }]);
  });

  it.for([
    ["another Host", ["Host: evil.test"], 421],
    ["a Host that was rebound", ["Host: rebound.evil.test"], 421],
    ["another port in Host", ["Host: policy.sbx.internal:81"], 421],
    ["two Hosts", ["Host: policy.sbx.internal", "Host: policy.sbx.internal"], 421],
    ["another origin", ["Host: policy.sbx.internal", "Origin: http://evil.test"], 403],
    ["an origin of another scheme", ["Host: policy.sbx.internal", "Origin: https://policy.sbx.internal"], 403],
    ["an origin that only begins like it", ["Host: policy.sbx.internal", "Origin: http://policy.sbx.internal.evil.test"], 403],
    ["the null origin", ["Host: policy.sbx.internal", "Origin: null"], 403],
    ["a cross-site fetch", ["Host: policy.sbx.internal", "Sec-Fetch-Site: cross-site"], 403],
    ["a same-site fetch", ["Host: policy.sbx.internal", "Sec-Fetch-Site: same-site"], 403],
  ] as const)("refuse a web page's request: %s", async ([, headers, status], { expect }) => {
    await using pod = startPod({ rules: ["api.test"] });
    const text = await ask(pod, "policy.sbx.internal", 80, headers);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).not.toContain("api.test");
  });

  it("take a browser that shows the page itself", async ({ expect }) => {
    await using pod = startPod();
    expect(await ask(pod, "policy.sbx.internal", 80, ["Host: policy.sbx.internal", "Sec-Fetch-Site: none"])).toMatch(/^HTTP\/1.1 200 /);
    expect(await ask(pod, "policy.sbx.internal", 80, ["Host: policy.sbx.internal", "Sec-Fetch-Site: same-origin", "Origin: http://policy.sbx.internal"])).toMatch(/^HTTP\/1.1 200 /);
  });

  it("are at their ports only, whatever the rules say, and no other name of ours is anything", async ({ expect }) => {
    await using pod = startPod({ rules: ["**", "0.0.0.0/0"] });
    for (const [to, port] of [
      ["model.sbx.internal", 443],
      ["policy.sbx.internal", 8811],
      ["mcp.sbx.internal", 22],
      ["x.sbx.internal", 8811],
      ["sbx.internal", 443],
    ] as const) {
      expect(await readAll(await pod.dial(to, port))).toEqual({ text: "", reset: true });
    }
    expect(pod.events.map(({ type }) => type)).toEqual(Array.from({ length: 5 }, () => "egress.denied"));
  });
});
