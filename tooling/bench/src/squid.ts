import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";

export interface Squid extends AsyncDisposable {
  readonly port: number;
}

/** Debian puts it where an ordinary user's PATH does not lead. */
const PLACES = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin"];
const START_MS = 10_000;

/** Start squid as a plain CONNECT proxy on the loopback, with a configuration of the bench's own. `undefined` where it is not installed. */
export async function startSquid(): Promise<Squid | undefined> {
  const program = PLACES.map((directory) => path.join(directory, "squid")).find(isProgram);
  if (program === undefined) return undefined;
  const directory = mkdtempSync("/tmp/sbx-bench-squid-");
  const port = await freePort();
  const file = path.join(directory, "squid.conf");
  writeFileSync(
    file,
    `http_port 127.0.0.1:${port}\nhttp_access allow localhost\nhttp_access deny all\ncache deny all\naccess_log none\ncache_log /dev/null\npid_filename none\ncoredump_dir /tmp\nshutdown_lifetime 0 seconds\n`,
  );
  const child = spawn(program, ["-N", "-f", file], { stdio: "ignore" });
  const ended = once(child, "close");
  const squid: Squid = {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
  for (const end = performance.now() + START_MS; performance.now() < end && child.exitCode === null; await sleep(50)) if (await answers(port)) return squid;
  await squid[Symbol.asyncDispose]();
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
