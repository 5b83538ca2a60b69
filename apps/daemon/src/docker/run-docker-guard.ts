import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { AppError, CreateSandbox, DockerPolicy, Limits, parseJsonBytes, SandboxId, type RecordEvent } from "@sbx/contracts";
import { ContainerPods, LABELS, type Engine, type SandboxRecord } from "@sbx/core";
import { connectGuardEngine, newPlace, startDockerGuard } from "@sbx/docker-guard";
import { compilePolicy, type CompiledPolicy } from "@sbx/egress-policy";
import { readProxies, type Pod } from "@sbx/egress-proxy";
import { connectEngine } from "@sbx/engine-docker";
import { imagesOf } from "../images-of-engine.ts";
import type { Log } from "../log.ts";
import { composeNetwork } from "../network/compose-network.ts";
import { randomId } from "../random-id.ts";
import { loadConfig } from "../config.ts";
import { createContainerFiles } from "./container-files.ts";
import { checkDockerPolicy } from "./docker-policy.ts";
import { guardLimits } from "./guard-limits.ts";
import { createGuardImages } from "./guard-images.ts";
import { leaveGuardNote, type GuardNote } from "./guard-notes.ts";
import { createRegistryImages } from "./registry/registry-images.ts";
import { guardEngineSocket, guardNotesDirectory, guardOwner, removeDeadGuards, removeGuard } from "./remove-guard.ts";

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
  const onFault = (error: unknown): void => log.error("docker.failed", { error });
  const { stateDirectory, home } = loadConfig(environment, process.getuid?.() ?? 0);
  const sandbox = SandboxId.parse(randomId("sbx_"));
  const owner = guardOwner({ sandbox });
  const directory = await mkdtemp("/tmp/sbx-guard-");
  scope.defer(() => rm(directory, { recursive: true, force: true }));
  const connected = await connectEngine({ environment, home, labels: { [LABELS.owner]: owner }, directory: path.join(directory, "engine") });
  const engine = (): Promise<Engine> => Promise.resolve(connected);
  const images = imagesOf(engine, environment);
  const proxyFor = readProxies(environment);
  const { endpoint } = connected.info;
  const raw = await connectGuardEngine(guardEngineSocket(endpoint));
  await removeDeadGuards({ stateDirectory, engine: connected, onFault });
  const record: RecordEvent = ({ type, fields }) => {
    log.info(type, { ...fields });
  };
  const rules = compilePolicy((policy.hosts ?? []).map((to, at) => ({ id: `hosts-${at + 1}`, effect: "allow", to, layer: "user" })));
  const key = randomBytes(32);
  const note: GuardNote = { version: 1, sandbox, endpoint, directory, key: key.toString("hex") };
  const forget = leaveGuardNote(guardNotesDirectory(stateDirectory), note);
  scope.defer(async () => {
    await removeGuard(connected, note, onFault);
    forget();
  });
  const gateImage = await (await images()).gate(() => undefined, signal);
  const network = composeNetwork({ scope, record, log, policy: onePolicy(rules), models: { bindings: () => [] }, sandbox: () => recordOf(sandbox, gateImage), machine: hostPod(), proxyFor });
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
          world: { proxyFor },
        }),
      }),
      owner: { [LABELS.owner]: owner },
      key,
      limits: guardLimits({}, policy),
      onFault,
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
    kits: [],
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
