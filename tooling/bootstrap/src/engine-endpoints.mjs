import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";

/**
 * @typedef {{ name: string, host: string }} Candidate `host` as in DOCKER_HOST.
 * @typedef {{ name: string, why: string }} Attempt
 */

/** @param {string} path */
function readOrNothing(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/**
 * Where a container engine may answer, in the order in which they are asked.
 *
 * @param {Record<string, string | undefined>} env
 * @param {(path: string) => string} [read] The text of a file, empty when there is none.
 * @returns {Candidate[]}
 */
export function engineCandidates(env, read = readOrNothing) {
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  /** @type {[name: string, host: string][]} */
  const all = [
    ["DOCKER_HOST", env["DOCKER_HOST"] ?? ""],
    ["docker context", contextHost(env, read)],
    ["system socket", "unix:///var/run/docker.sock"],
    ["rootless docker", runtime === "" ? "" : `unix://${runtime}/docker.sock`],
    ["Docker Desktop", env["HOME"] === undefined ? "" : `unix://${env["HOME"]}/.docker/run/docker.sock`],
    ["rootless podman", runtime === "" ? "" : `unix://${runtime}/podman/podman.sock`],
    ["podman", "unix:///run/podman/podman.sock"],
  ];
  return all.filter(([, host]) => host !== "").map(([name, host]) => ({ name, host }));
}

/**
 * @param {Record<string, string | undefined>} env
 * @param {(path: string) => string} read
 */
function contextHost(env, read) {
  const directory = env["DOCKER_CONFIG"] ?? join(env["HOME"] ?? "/nonexistent", ".docker");
  const context = env["DOCKER_CONTEXT"] ?? member(read(join(directory, "config.json")), ["currentContext"]);
  if (context === "" || context === "default") return "";
  const digest = createHash("sha256").update(context).digest("hex");
  return member(read(join(directory, "contexts", "meta", digest, "meta.json")), ["Endpoints", "docker", "Host"]);
}

/**
 * @param {string} json
 * @param {readonly string[]} path
 * @returns {string} Empty when it is not there or not text.
 */
function member(json, path) {
  try {
    /** @type {unknown} */
    let at = JSON.parse(json);
    for (const key of path) at = Object(at)[key];
    return typeof at === "string" ? at : "";
  } catch {
    return "";
  }
}

/**
 * Ask an engine something over its own API.
 *
 * @param {string} host As in DOCKER_HOST.
 * @param {{ method?: string, path: string, timeoutMs?: number }} call
 * @returns {Promise<{ status: number, body: string }>}
 */
export function askEngine(host, { method = "GET", path, timeoutMs = 3_000 }) {
  const url = new URL(host);
  if (url.protocol !== "unix:" && url.protocol !== "tcp:") return Promise.reject(new Error(`${url.protocol}// is not spoken here`));
  const to = url.protocol === "unix:" ? { socketPath: decodeURIComponent(url.pathname) } : { host: url.hostname, port: url.port === "" ? 2375 : Number(url.port) };
  return new Promise((resolve, reject) => {
    const call = request({ ...to, method, path, timeout: timeoutMs, headers: { host: "engine" } }, (reply) => {
      let body = "";
      reply.setEncoding("utf8").on("data", (/** @type {string} */ part) => {
        body += part;
      });
      reply.once("end", () => {
        resolve({ status: reply.statusCode ?? 0, body });
      });
      reply.once("error", reject);
    });
    call.once("timeout", () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    call.once("error", reject);
    call.end();
  });
}

/**
 * The first engine that answers, and why the others did not.
 *
 * @param {readonly Candidate[]} candidates
 * @returns {Promise<{ found: Candidate | undefined, attempts: Attempt[] }>}
 */
export async function findEngine(candidates) {
  /** @type {Attempt[]} */
  const attempts = [];
  for (const candidate of candidates) {
    try {
      const { status } = await askEngine(candidate.host, { path: "/_ping" });
      if (status === 200) return { found: candidate, attempts };
      attempts.push({ name: candidate.name, why: `answered ${status}` });
    } catch (error) {
      attempts.push({ name: candidate.name, why: reasonOf(error) });
    }
  }
  return { found: undefined, attempts };
}

/** @param {unknown} error */
function reasonOf(error) {
  const code = Object(error).code;
  if (code === "EACCES") return "permission denied: this user is not in the engine's group";
  if (code === "ENOENT") return "no socket";
  if (code === "ECONNREFUSED") return "nothing listens";
  return error instanceof Error ? error.message : String(error);
}
