import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, patiently, type Host } from "../src/open-host.ts";

let host: Host;
beforeAll(() => {
  host = openHost();
});
afterAll(() => host[Symbol.asyncDispose]());

/** A service on the host's loopback that sends without end to whoever connects. */
async function startDownload(): Promise<{ readonly port: number; readonly open: Set<Socket> } & AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    const timer = setInterval(() => socket.write("x".repeat(1024)), 10);
    socket
      .on("error", () => undefined)
      .once("close", () => {
        clearInterval(timer);
        open.delete(socket);
      });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    open,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

describe("a download that is under way", () => {
  it.for([
    ["sbx policy deny", (port: number) => host.sbx(["policy", "deny", `host.docker.internal:${port}`])],
    [
      "an edit of the rules' file",
      async (port: number) => {
        const rules = [{ id: "by-hand", effect: "deny", to: `host.docker.internal:${port}`, layer: "user" }];
        writeFileSync(path.join(String(host.env["SBX_CONFIG_DIR"]), "policy.json"), JSON.stringify({ version: 1, rules }));
        return Promise.resolve({ code: 0 });
      },
    ],
  ] as const)("ends with %s, and the record says by which rule", async ([how, deny], { expect }) => {
    await using download = await startDownload();
    const name = how.startsWith("sbx") ? "by-command" : "by-hand";
    const cwd = await host.project(name);
    const script = `exec 3<>/dev/tcp/host.docker.internal/${download.port}; cat <&3 > got; echo ended`;
    const running = host.sbx(["run", "-q", "--name", name, "--allow-host-port", String(download.port), "shell", "--", "bash", "-c", script], { cwd });
    expect(await patiently(60_000, () => download.open.size === 1 && read(path.join(cwd, "got")).length > 0)).toBe(true);
    expect((await deny(download.port)).code).toBe(0);
    expect(await patiently(20_000, () => download.open.size === 0)).toBe(true);
    expect((await running).stderr).toContain("Connection reset by peer");
    const events = await host.events();
    const [denial] = events.filter(({ type, fields }) => type === "egress.denied" && fields["port"] === download.port);
    expect(denial?.fields).toMatchObject({ to: "host.docker.internal", reason: expect.stringContaining("was open and is ended") as unknown });
    expect(String(denial?.fields["rule"])).toMatch(/^(deny-[0-9a-f]{8}|by-hand)$/);
  });
});

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
