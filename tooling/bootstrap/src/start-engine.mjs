import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { askEngine } from "./engine-endpoints.mjs";
import { runAsRoot } from "./system-packages.mjs";

/** The socket of an engine that the system starts. */
const SYSTEM_HOST = "unix:///var/run/docker.sock";
const START_TIMEOUT_MS = 40_000;
const POLL_MS = 100;

/**
 * @typedef {import("./system-packages.mjs").Rights} Rights
 * @typedef {import("./engine-endpoints.mjs").Attempt} Attempt
 */

/**
 * Start an installed engine: by systemd, by its init script, or by hand where the machine has no init system.
 *
 * @param {Rights} rights
 * @returns {Promise<{ started: string | undefined, attempts: Attempt[] }>} By which way it was started.
 */
export async function startEngine(rights) {
  /** @type {Attempt[]} */
  const attempts = [];
  for (const [name, start] of WAYS) {
    const why = await start(rights);
    if (why === undefined) return { started: name, attempts };
    attempts.push({ name, why });
  }
  return { started: undefined, attempts };
}

/** Each starts the engine and waits for its answer, or says why not. @type {[name: string, start: (rights: Rights) => Promise<string | undefined>][]} */
const WAYS = [
  ["systemctl start docker", bySystemd],
  ["service docker start", byInitScript],
  ["dockerd", byHand],
];

/** @param {Rights} rights */
async function bySystemd(rights) {
  if (!existsSync("/run/systemd/system")) return "systemd does not run here";
  const { code, output } = await runAsRoot(["systemctl", "start", "docker"], { rights });
  return code === 0 ? await answer(() => undefined) : output;
}

/** @param {Rights} rights */
async function byInitScript(rights) {
  if (!existsSync("/etc/init.d/docker")) return "there is no init script";
  const { code, output } = await runAsRoot(["service", "docker", "start"], { rights });
  return code === 0 ? await answer(() => undefined) : output;
}

/** @param {Rights} rights */
async function byHand(rights) {
  const log = join(tmpdir(), `sbx-dockerd-${randomUUID()}.log`);
  const out = openSync(log, "ax", 0o600);
  const [program, args] = rights.root ? ["dockerd", []] : ["sudo", [...(rights.terminal ? [] : ["-n"]), "dockerd"]];
  const child = spawn(program, args, { detached: true, stdio: ["ignore", out, out], env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` } });
  /** @type {string | undefined} */
  let ended;
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", () => {
    ended = `it ended: ${readFileSync(log, "utf8").trim().split("\n").slice(-3).join(" | ")}`;
  });
  child.unref();
  return await answer(() => ended);
}

/**
 * Wait for the engine's answer, however long it takes up to the limit; `undefined` when it came.
 *
 * @param {() => string | undefined} ended Says why there will be no answer.
 */
async function answer(ended) {
  for (const until = Date.now() + START_TIMEOUT_MS; Date.now() < until; await delay(POLL_MS)) {
    const reply = await askEngine(SYSTEM_HOST, { path: "/_ping" }).catch((/** @type {unknown} */ error) => error);
    // A refusal for lack of rights is an answer too: the engine runs.
    if (Object(reply).status === 200 || Object(reply).code === "EACCES") return undefined;
    const why = ended();
    if (why !== undefined) return why;
  }
  return `no answer within ${START_TIMEOUT_MS / 1000} s`;
}
