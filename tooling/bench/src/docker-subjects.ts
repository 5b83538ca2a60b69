import { Agent, request } from "node:http";
import path from "node:path";
import type { BenchHost } from "./bench-host.ts";
import { runProgram } from "./run-program.ts";

/** A Docker API under measurement: a sandbox's, or the engine's own. */
export interface DockerSubject {
  readonly name: string;
  readonly socketPath: string;
  /** How the same image is called there. */
  readonly image: string;
  /** Run the command `docker` against it; gives its output. */
  readonly docker: (args: readonly string[]) => Promise<string>;
  /** Keeps one connection, as clients of the API do from call to call. */
  readonly kept: Agent;
}

/** The subjects of one sandbox and of the engine. */
export interface DockerSubjects extends AsyncDisposable {
  readonly ours: DockerSubject;
  readonly direct: DockerSubject;
  /** The sandbox's workspace, which its containers may have. */
  readonly workspace: string;
  readonly sandbox: string;
}

const SOCKET = "sock";
/** The image of a sandbox, as its Docker API calls it. */
const OWN_IMAGE = "sbx/own:latest";

/** Make a sandbox with a Docker API, and a name for its image at the engine. Disposing removes both. */
export async function openDockerSubjects(host: BenchHost, image: string): Promise<DockerSubjects> {
  await using held = new AsyncDisposableStack();
  const workspace = host.workspace();
  const { sandbox } = await host.client.createSandbox({ agent: "shell", workspace, docker: "guarded" });
  held.defer(async () => void (await host.client.removeSandbox({ sandbox: sandbox.id, force: "true" })));
  // A sandbox in which nobody does anything is stopped after a while.
  await host.client.openSession({ sandbox: sandbox.name, kind: "exec", mode: "streams", args: ["sleep", "86400"], env: {}, stdin: false });
  const direct = subject({ host, name: "the engine", socketPath: host.engineSocket, image: `sbx-bench-${process.pid}:base` });
  await direct.docker(["tag", image, direct.image]);
  held.defer(async () => void (await direct.docker(["rmi", direct.image])));
  const ours = subject({ host, name: "sbx", socketPath: path.join(host.stateDirectory, "pods", sandbox.id, "api", SOCKET), image: OWN_IMAGE });
  const all = held.move();
  return { ours, direct, workspace, sandbox: sandbox.id, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function subject({ host, ...rest }: Omit<DockerSubject, "docker" | "kept"> & { readonly host: BenchHost }): DockerSubject {
  const env = { ...host.env, DOCKER_HOST: `unix://${rest.socketPath}`, DOCKER_BUILDKIT: "0" };
  return { ...rest, kept: new Agent({ keepAlive: true, maxSockets: 1 }), docker: (args) => runProgram("docker", args, { cwd: "/", env }) };
}

/** Ask a Docker API for something, on a connection of its own or on the one that is kept, and read the answer to its end. @throws Error unless it is 200 */
export async function askDocker({ socketPath, kept }: DockerSubject, target: string, on: "own" | "kept" = "own"): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: target, agent: on === "kept" ? kept : false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk)).once("error", reject);
      response.once("end", () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks));
        else reject(new Error(`${target} was answered with ${response.statusCode}`));
      });
    });
    asked.once("error", reject).end();
  });
}

/** Resolves when a container has said a word so often, as Testcontainers waits for it. @throws Error when it ends before */
export async function untilSaid({ socketPath }: DockerSubject, { container, word, times }: { readonly container: string; readonly word: string; readonly times: number }): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  let said = "";
  const asked = request({ socketPath, path: `/containers/${container}/logs?follow=1&stdout=1&stderr=1`, agent: false }, (response) => {
    response.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1");
      if (said.split(word).length > times) resolve(undefined);
    });
    response.once("end", () => reject(new Error(`${container} ended before it said "${word}" ${times} times: ${said}`))).once("error", reject);
  });
  asked.once("error", reject).end();
  try {
    await promise;
  } finally {
    asked.destroy();
  }
}

/** Remove every container of the bench. */
export async function removeAll({ docker }: DockerSubject): Promise<void> {
  const ids = (await docker(["ps", "-aq", "--filter", "label=sbx-bench"])).split("\n").filter((id) => id !== "");
  if (ids.length > 0) await docker(["rm", "-fv", ...ids]);
}
