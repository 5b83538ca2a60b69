import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { inspect } from "node:util";
import { AppError } from "@sbx/contracts";
import type { DaemonHost, Engine, EngineInfo } from "@sbx/core";
import Docker from "dockerode";
import { createContainers } from "./containers.ts";
import { createDaemonHost } from "./daemon-host.ts";
import { createDiskLimits } from "./disk-limits.ts";
import { dockerDialect, podmanDialect } from "./dialect.ts";
import { reasonOf } from "./docker-error.ts";
import { formatEndpoint, type Endpoint } from "./endpoint.ts";
import { createExecs } from "./execs.ts";
import { candidates, NoneChosen, type Surroundings } from "./find-endpoint.ts";
import { createImages } from "./images.ts";
import { negotiate } from "./negotiate.ts";
import { createUsage } from "./usage.ts";
import { createVolumes } from "./volumes.ts";

/** How long an engine may take for its first answers. One that has just been started needs 2 to 4 s. */
const FIRST_ANSWER_MS = 10_000;

/**
 * The client library describes every request for a log that nobody reads, with its agent and all that hangs on that: more
 * work than the request itself. These describe themselves in a word.
 */
class PlainAgent extends HttpAgent {
  [inspect.custom](): string {
    return "agent";
  }
}

class TlsAgent extends HttpsAgent {
  [inspect.custom](): string {
    return "agent";
  }
}

/** Where to look for a container engine, and the labels of what the adapter makes in it for itself. */
export interface ConnectEngine extends Surroundings {
  /** Put on what the adapter makes for itself and takes away again, so that a crash leaves nothing unowned. */
  readonly labels?: Readonly<Record<string, string>>;
  /** For files that an engine reads by their path; made when one is needed. Without it Podman starts nothing that has a seccomp profile. */
  readonly directory?: string;
}

/** An engine that was found, how, and what it does for a daemon beside it. */
export interface FoundEngine {
  readonly engine: Engine;
  readonly host: DaemonHost;
  /** Whether a person chose it (DOCKER_HOST, a context); else it answered at a usual place of this machine. */
  readonly chosen: boolean;
}

/**
 * Find a container engine and agree with it on a version of its API.
 *
 * An address that a person chose (`endpoint`, DOCKER_HOST, a context of the docker CLI) is the only one tried; otherwise the
 * usual places of Docker and Podman are, in order.
 *
 * @throws AppError `ENGINE_UNREACHABLE` with every attempt and its reason in `details.attempts`.
 */
export async function connectEngine(options: ConnectEngine): Promise<Engine> {
  return (await findEngine(options)).engine;
}

/** The same, with what has to be known to start a daemon. @throws AppError `ENGINE_UNREACHABLE` */
export async function findEngine({ labels = {}, directory, ...surroundings }: ConnectEngine): Promise<FoundEngine> {
  const attempts: { name: string; why: string }[] = [];
  for (const { name, only, locate } of candidates(surroundings)) {
    try {
      return { ...(await openEngine(await locate(), { labels, directory })), chosen: only };
    } catch (error) {
      attempts.push({ name, why: reasonOf(error) });
      if (only && !(error instanceof NoneChosen)) throw unreachable(attempts, CHOSEN);
    }
  }
  throw unreachable(attempts, "Start Docker or Podman, or point DOCKER_HOST at one that runs.");
}

const CHOSEN = "Start that engine, or choose another: set or unset DOCKER_HOST, or change the context with docker context use NAME.";

function unreachable(attempts: readonly { readonly name: string; readonly why: string }[], fix: string): AppError {
  const tried = attempts.map(({ name, why }) => `${name} (${why})`).join(", ");
  return new AppError("ENGINE_UNREACHABLE", { message: `No container engine answered. Tried ${tried}.`, fix, details: { attempts: attempts.map((one) => ({ ...one })) } });
}

interface Own {
  readonly labels: Readonly<Record<string, string>>;
  readonly directory: string | undefined;
}

async function openEngine(endpoint: Endpoint, { labels, directory }: Own): Promise<Omit<FoundEngine, "chosen">> {
  const answer = await withinTime(openDocker(endpoint, undefined).version());
  const apiVersion = negotiate({ newest: answer.ApiVersion, oldest: answer.MinAPIVersion ?? answer.ApiVersion });
  const docker = openDocker(endpoint, apiVersion);
  const told: unknown = await withinTime(docker.info());
  const options = securityOptions(told);
  const podman = answer.Components?.some(({ Name }) => Name.startsWith("Podman")) ?? false;
  const info: EngineInfo = {
    name: podman ? "Podman" : "Docker",
    version: answer.Version,
    apiVersion,
    endpoint: formatEndpoint(endpoint),
    architecture: answer.Arch,
    remaps: remapsOf(options, podman),
  };
  const engine: Engine = {
    info,
    ...createContainers({ docker, dialect: podman ? await podmanDialect(directory) : dockerDialect(dataRootOf(told)) }),
    ...createExecs({ docker, apiVersion }),
    ...createImages({ docker, labels }),
    ...createVolumes({ docker }),
    ...createDiskLimits({ docker, driver: driverOf(told), labels }),
    ...createUsage({ docker }),
  };
  return { engine, host: createDaemonHost({ docker }) };
}

/**
 * The client library reads DOCKER_HOST and its fellows of this process by itself: every field that they would set is given.
 * Connections are not kept: one that an engine has closed by restarting would fail the next request.
 */
function openDocker(endpoint: Endpoint, apiVersion: string | undefined): Docker {
  const options = { ...connectionOptions(endpoint), ...(apiVersion === undefined ? {} : { version: `v${apiVersion}` }) };
  return new Docker(options);
}

function connectionOptions(endpoint: Endpoint): Docker.DockerOptions & { readonly agent: HttpAgent } {
  if (endpoint.kind === "unix") return { socketPath: endpoint.path, host: "", protocol: "http", agent: new PlainAgent() };
  const { host, port, tls } = endpoint;
  if (tls === undefined) return { host, port, protocol: "http", agent: new PlainAgent() };
  return { host, port, protocol: "https", agent: new TlsAgent(tls), ...tls };
}

/** Podman's configuration can map ids for every container, and does not show it. */
function remapsOf(options: readonly string[], podman: boolean): EngineInfo["remaps"] {
  if (options.includes("name=rootless")) return "rootless";
  if (options.includes("name=userns")) return "userns";
  return podman ? "perhaps" : false;
}

async function withinTime<T>(answer: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`no answer within ${String(FIRST_ANSWER_MS / 1000)} s`));
  }, FIRST_ANSWER_MS);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function dataRootOf(info: unknown): string | undefined {
  return typeof info === "object" && info !== null && "DockerRootDir" in info && typeof info.DockerRootDir === "string" && info.DockerRootDir.startsWith("/") ? info.DockerRootDir : undefined;
}

function driverOf(info: unknown): string {
  return typeof info === "object" && info !== null && "Driver" in info && typeof info.Driver === "string" ? info.Driver : "";
}

function securityOptions(info: unknown): readonly string[] {
  const options: unknown = typeof info === "object" && info !== null && "SecurityOptions" in info ? info.SecurityOptions : [];
  return Array.isArray(options) ? options.flatMap((option) => (typeof option === "string" ? [option.split(",")[0] ?? ""] : [])) : [];
}
