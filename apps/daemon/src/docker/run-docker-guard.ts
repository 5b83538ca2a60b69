import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir } from "node:os";
import path from "node:path";
import { AppError, CreateSandbox, DockerPolicy, Limits, parseJsonBytes, SandboxId, type RecordEvent } from "@sbx/contracts";
import { ContainerPods, LABELS, type Engine, type SandboxRecord } from "@sbx/core";
import { connectGuardEngine, newPlace, removeSandboxImages, startDockerGuard } from "@sbx/docker-guard";
import { compilePolicy, type CompiledPolicy } from "@sbx/egress-policy";
import type { Pod } from "@sbx/egress-proxy";
import { connectEngine } from "@sbx/engine-docker";
import { imagesOf } from "../images-of-engine.ts";
import type { Log } from "../log.ts";
import { composeNetwork } from "../network/compose-network.ts";
import { randomId } from "../random-id.ts";
import { createContainerFiles } from "./container-files.ts";
import { checkDockerPolicy, guardLimits } from "./docker-policy.ts";
import { createGuardImages } from "./guard-images.ts";
import { createRegistryImages } from "./registry/registry-images.ts";

/** A Docker API without a sandbox: where it listens, and the file that says what its containers get. */
export interface RunDockerGuard {
  readonly socket: string;
  readonly policyFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Called when it serves. */
  readonly ready: () => void;
}

/**
 * Serve a Docker API to programs of this machine until the signal fires; everything that was made through it goes with it.
 *
 * Its policy opens: `hosts` are all that containers reach, `images` all that is run from the engine or brought from a
 * registry. What it does not name there is not. Containers are pods; ports are published at this machine's 127.0.0.1.
 *
 * @throws AppError `CONFIG_INVALID`, `ENGINE_UNREACHABLE`
 */
export async function runDockerGuard({ socket, policyFile, environment, log, ready }: RunDockerGuard, signal: AbortSignal): Promise<void> {
  const policy = await readPolicy(policyFile);
  await using scope = new AsyncDisposableStack();
  const directory = await mkdtemp("/tmp/sbx-guard-");
  scope.defer(() => rm(directory, { recursive: true, force: true }));
  const sandbox = SandboxId.parse(randomId("sbx_"));
  const owner = `guard:${sandbox}`;
  const connected = await connectEngine({ environment, home: environment["HOME"] ?? homedir(), labels: { [LABELS.owner]: owner }, directory: path.join(directory, "engine") });
  const engine = (): Promise<Engine> => Promise.resolve(connected);
  const images = imagesOf(engine, environment);
  const endpoint = /^unix:\/\/(\/.+)$/.exec(connected.info.endpoint)?.[1];
  if (endpoint === undefined) throw new AppError("PLATFORM_UNSUPPORTED", { message: "A Docker API needs an engine on this machine", fix: "Set DOCKER_HOST to a socket of this machine." });
  const raw = await connectGuardEngine(endpoint);
  const record: RecordEvent = ({ type, fields }) => {
    log.info(type, { ...fields });
  };
  const rules = compilePolicy((policy.hosts ?? []).map((to, at) => ({ id: `hosts-${at + 1}`, effect: "allow", to, layer: "user" })));
  const key = randomBytes(32);
  scope.defer(() => removeEverything(connected, { sandbox, owner, images: () => removeSandboxImages({ engine: raw, sandbox, key, onFault: (error) => log.error("docker.failed", { error }) }) }));
  const gateImage = await (await images()).gate(() => undefined, signal);
  const network = composeNetwork({ scope, record, log, policy: onePolicy(rules), models: { bindings: () => [] }, sandbox: () => recordOf(sandbox, gateImage), machine: hostPod() });
  const pods = scope.use(new ContainerPods({ sandbox, engine, images, network: network.containers, files: createContainerFiles(directory, sandbox), owner, record, newPlace }));
  const allowed = policy.images ?? [];
  scope.use(
    await startDockerGuard({
      sandbox,
      socket,
      engine: raw,
      pods,
      binds: { mount: refuseBinds, release: () => Promise.resolve() },
      images: createGuardImages({
        engine,
        allowed: { images: () => Promise.resolve(allowed.filter((one) => !one.includes("*"))) },
        record: { image: undefined },
        registries: createRegistryImages({
          registries: () => Promise.resolve(allowed.map((one) => ({ action: "pull", images: one }))),
          rules: () => rules.rules,
          login: () => Promise.resolve(undefined),
        }),
      }),
      owner: { [LABELS.owner]: owner },
      key,
      limits: guardLimits({}, policy),
      onFault: (error) => log.error("docker.failed", { error }),
      onRefused: ({ method, path: asked, message }) => log.info("docker.refused", { call: `${method} ${asked}`, reason: message }),
    }),
  );
  ready();
  if (!signal.aborted) await once(signal, "abort");
}

async function readPolicy(file: string): Promise<DockerPolicy> {
  try {
    const policy = DockerPolicy.parse(parseJsonBytes(await readFile(file)));
    checkDockerPolicy(policy);
    return policy;
  } catch (cause) {
    throw new AppError("CONFIG_INVALID", { message: `${file} is no policy of a Docker API`, fix: 'Write it as {"version":1,"hosts":["api.example.org"],"images":["postgres:16"]}', cause });
  }
}

function refuseBinds(): Promise<never> {
  return Promise.reject(new AppError("WORKSPACE_INVALID", { message: "Nothing of this machine is mounted by this Docker API", fix: "Use volumes, or docker cp." }));
}

function onePolicy(rules: CompiledPolicy): Parameters<typeof composeNetwork>[0]["policy"] {
  return { of: () => rules, ofServer: () => () => rules };
}

/** What the parts that serve sandboxes need to know of the one who is served here. */
function recordOf(id: SandboxId, image: string): SandboxRecord {
  return {
    version: 1,
    id,
    name: "docker-guard",
    request: { ...CreateSandbox.parse({ agent: "docker-guard", workspace: "/", docker: "guarded" }), limits: Limits.parse({}) },
    createdAt: new Date().toISOString(),
    image,
    user: "0:0",
    homeDirectory: "/",
    placeholder: "",
    modelSource: "none",
    profileRules: [],
    profileProtect: [],
    longRunning: true,
    protected: [],
    hidden: [],
    notices: [],
    skipped: [],
    ready: true,
  };
}

/** This machine in the place of an agent's pod: ports are published at its loopback, and nothing of it is dialled. */
function hostPod(): Pod {
  return {
    state: () => "ready",
    ready: () => Promise.resolve(),
    dial: () => Promise.reject(new AppError("POD_FAILED", { message: "Ports of this machine are not reached", fix: "Publish the port of another container." })),
    async listen(port) {
      const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      server.once("error", () => reject(new AppError("POD_FAILED", { message: `The port ${port} is taken`, fix: "Publish another one." })));
      server.listen(port, "127.0.0.1", () => resolve(undefined));
      await promise;
      return server;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function removeEverything(engine: Engine, { sandbox, owner, images }: { readonly sandbox: SandboxId; readonly owner: string; readonly images: () => Promise<unknown> }): Promise<void> {
  const labels = [`${LABELS.owner}=${owner}`, `${LABELS.sandbox}=${sandbox}`];
  for (const role of ["child", "child-build", "child-gate"]) for (const { id } of await engine.list([...labels, `${LABELS.role}=${role}`])) await engine.remove(id);
  await images();
  for (const { name } of await engine.listVolumes(labels)) await engine.removeVolume(name);
}
