// A daemon that can only be started: what it does is told by SBX_STUB. It ends by itself.
import { writeSync, appendFileSync, existsSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";

const state = process.env["SBX_STATE_DIR"] ?? "";
const socket = path.join(state, "sbxd.sock");
const say = (value: unknown): void => {
  writeSync(3, `${JSON.stringify(value)}\n`);
};
appendFileSync(path.join(state, "starts"), `${JSON.stringify({ argv: process.argv.slice(2), cwd: process.cwd(), env: process.env, ppid: process.ppid })}\n`);
setTimeout(() => process.exit(0), 8000).unref();

const modes: Readonly<Record<string, () => void>> = {
  crash: () => {
    process.stderr.write("it broke\u001B[2J here\n");
    process.exit(3);
  },
  fail: () => {
    say({ event: "failed", problem: { code: "CONFIG_INVALID", message: "the state is broken", fix: "mend it" } });
    process.exit(1);
  },
  "prepare and fail": () => {
    for (const line of ["one", "two"]) say({ event: "preparing", line });
    modes["fail"]?.();
  },
  "prepare and serve": () => {
    for (const line of ["one", "two"]) say({ event: "preparing", line });
    modes["serve"]?.();
  },
  serve: () => {
    const lock = path.join(state, "lock");
    if (existsSync(lock)) {
      say({ event: "already-running" });
      process.exit(0);
    }
    appendFileSync(lock, "x");
    const server = createServer((request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(request.url === "/v1/sandboxes" ? "[]" : request.url === "/v1/events/list?limit=1" ? "[]" : "not json");
      if (request.url === "/v1/agents") setTimeout(() => process.exit(0), 50);
    });
    setTimeout(() => {
      server.listen(socket, () => {
        say({ event: "ready", socket });
      });
    }, 50);
    setTimeout(() => {
      process.exit(0);
    }, 4000);
  },
};
modes[process.env["SBX_STUB"] ?? ""]?.();
