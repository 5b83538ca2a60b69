import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";

/** A CONNECT proxy on the loopback, with a configuration of the bench's own. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
}

/** Proxies that people put before programs: how each is told where to listen, and started in the foreground. */
const PROXIES = {
  squid: {
    configuration: (port: number) =>
      `http_port 127.0.0.1:${port}\nhttp_access allow localhost\nhttp_access deny all\ncache deny all\naccess_log none\ncache_log /dev/null\npid_filename none\ncoredump_dir /tmp\nshutdown_lifetime 0 seconds\n`,
    args: (file: string) => ["-N", "-f", file],
  },
  tinyproxy: {
    configuration: (port: number) => `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 600\nMaxClients 300\nLogLevel Critical\n`,
    args: (file: string) => ["-d", "-c", file],
  },
} as const;

/** Debian puts them where an ordinary user's PATH does not lead. */
const PLACES = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin"];
const START_MS = 10_000;

/** Start a proxy; `undefined` where it is not installed. @throws Error when it does not answer within 10 s */
export async function startProxy(name: keyof typeof PROXIES): Promise<Proxy | undefined> {
  const program = PLACES.map((directory) => path.join(directory, name)).find(isProgram);
  if (program === undefined) return undefined;
  const { configuration, args } = PROXIES[name];
  const directory = mkdtempSync(`/tmp/sbx-bench-${name}-`);
  const port = await freePort();
  const file = path.join(directory, "configuration");
  writeFileSync(file, configuration(port));
  const child = spawn(program, args(file), { stdio: "ignore" });
  const ended = once(child, "close");
  const proxy: Proxy = {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
  for (const end = performance.now() + START_MS; performance.now() < end && child.exitCode === null; await sleep(50)) if (await answers(port)) return proxy;
  await proxy[Symbol.asyncDispose]();
  throw new Error(`${program} does not answer`);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise((resolve) => {
    socket
      .once("connect", () => {
        resolve(true);
        socket.destroy();
      })
      .once("error", () => {
        resolve(false);
      });
  });
}
