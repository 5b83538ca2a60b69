import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import * as z from "zod";
import { openHost, patiently, type Host } from "../src/open-host.ts";

const Ports = z.array(z.object({ hostIp: z.string(), hostPort: z.number(), port: z.number() }));
const SERVER = "require('net').createServer((c)=>c.on('error',()=>{}).on('data',(d)=>c.end('box '+d))).listen(8000,'127.0.0.1')";

let host: Host;
let port: number;
beforeAll(async () => {
  host = openHost();
  const started = await host.sbx(["run", "-q", "-d", "--name", "web", "-p", "8000", "shell", "--", "node", "-e", SERVER], { cwd: await host.project("web", 1234) });
  if (started.code !== 0) throw new Error(started.stderr);
  port = (await ports())[0]?.hostPort ?? 0;
});
afterAll(() => host[Symbol.asyncDispose]());

async function ports(): Promise<z.infer<typeof Ports>> {
  return Ports.parse(JSON.parse((await host.sbx(["ports", "web", "--json"])).stdout));
}

/** What a port of this machine answers; `undefined` when it does not. */
async function ask(at: number, address = "127.0.0.1"): Promise<string | undefined> {
  const socket = connect(at, address);
  let text = "";
  socket
    .on("connect", () => socket.write("hello"))
    .on("data", (chunk: Buffer) => {
      text += chunk.toString();
    })
    .on("error", () => undefined)
    .setTimeout(5000, () => socket.destroy());
  await once(socket, "close").catch(() => undefined);
  return text === "" ? undefined : text;
}

const answers = (at: number) => patiently(20_000, async () => (await ask(at)) === "box hello");

describe("a published port", () => {
  it("of a run is there from its start, at a free port of the loopback, and in the list of sandboxes", async ({ expect }) => {
    expect(await answers(port)).toBe(true);
    expect((await host.sbx(["ls"])).stdout).toContain(`127.0.0.1:${port}->8000`);
  });

  it("is at no address of this machine but its loopback", async ({ expect }) => {
    const others = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).filter(({ internal }) => !internal).map(({ address }) => address));
    for (const address of [...others, "::1"]) expect(await ask(port, address)).toBeUndefined();
    for (const wanted of ["0.0.0.0:1234:8000", "[::]:1234:8000", "127.0.0.2:1234:8000"]) expect((await host.sbx(["ports", "web", "--publish", wanted])).code).toBe(2);
    // Nor by the daemon's own interface, past what the command line refuses.
    for (const hostIp of ["0.0.0.0", "::", "127.0.0.2", "localhost"]) expect(await askDaemon("POST", "/v1/sandboxes/web/ports", { hostIp, port: 8000 })).toContain("CONFIG_INVALID");
    expect(await ports()).toHaveLength(1);
  });

  it("comes and goes while the sandbox runs", async ({ expect }) => {
    const more = await host.sbx(["ports", "web", "--publish", "[::1]::8000", "--json"]);
    const added = Ports.parse(JSON.parse(more.stdout)).find(({ hostIp }) => hostIp === "::1");
    expect(await ask(added?.hostPort ?? 0, "::1")).toBe("box hello");
    expect((await host.sbx(["ports", "web", "--unpublish", `[::1]:${added?.hostPort ?? 0}`])).code).toBe(0);
    expect(await ask(added?.hostPort ?? 0, "::1")).toBeUndefined();
    expect(await host.sbx(["ports", "web", "--unpublish", "1"])).toMatchObject({ code: 125, stderr: expect.stringContaining("PORT_UNKNOWN") as unknown });
  });

  it("that is in use is refused with its number, and nothing is opened", async ({ expect }) => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const at = (taken.address() as AddressInfo).port;
    expect(await host.sbx(["ports", "web", "--publish", `${at}:8000`])).toMatchObject({ code: 125, stderr: expect.stringContaining("PORT_TAKEN") as unknown });
    taken.close();
    expect(await ports()).toHaveLength(1);
  });

  it("cannot be asked for from inside: a port that listens there is nowhere outside", async ({ expect }) => {
    const inside = await host.sbx(["exec", "web", "node", "-e", "const s=require('net').createServer().listen(18999,'0.0.0.0',()=>setTimeout(()=>process.exit(0),1500))"]);
    expect(inside.code).toBe(0);
    expect(await ask(18_999)).toBeUndefined();
    expect(await ports()).toHaveLength(1);
  });

  it("survives a daemon that is killed", async ({ expect }) => {
    const { pid } = z.object({ pid: z.number() }).parse(JSON.parse(readFileSync(path.join(host.stateDirectory, "sbxd.lock"), "utf8")));
    process.kill(pid, "SIGKILL");
    await patiently(10_000, async () => (await ask(port)) === undefined);
    expect(await ports()).toEqual([{ hostIp: "127.0.0.1", hostPort: port, port: 8000 }]);
    expect(await answers(port)).toBe(true);
  });

  it("is gone when the sandbox stops, and that of the run is back when it starts", async ({ expect }) => {
    const before = Ports.parse(JSON.parse((await host.sbx(["ports", "web", "--publish", "9000", "--json"])).stdout));
    expect(before).toHaveLength(2);
    await host.sbx(["stop", "web"]);
    expect(await ports()).toEqual([]);
    for (const { hostPort } of before) expect(await ask(hostPort)).toBeUndefined();
    await host.sbx(["start", "web"]);
    expect((await ports()).map((one) => one.port)).toEqual([8000]);
    const events = (await host.events()).filter(({ type }) => type.startsWith("port."));
    expect(events.length).toBeGreaterThanOrEqual(3);
  });
});

async function askDaemon(method: string, target: string, body: unknown): Promise<string> {
  const text = JSON.stringify(body);
  const socket = connect(path.join(host.stateDirectory, "sbxd.sock"));
  socket.end(`${method} ${target} HTTP/1.1\r\nhost: d\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  let answer = "";
  for await (const chunk of socket as AsyncIterable<Buffer>) answer += chunk.toString();
  return answer;
}
