import { parseEndpoint, type Endpoint, type Environment } from "./endpoint.ts";
import { readDockerContext } from "./docker-context.ts";

/** What is known before an engine is looked for. */
export interface Surroundings {
  /** An address that a person asked for. */
  readonly endpoint?: string;
  readonly environment: Environment;
  readonly home: string;
}

/** One place where an engine may be. `only` says that a person chose it: no other is tried after it. */
export interface Candidate {
  readonly name: string;
  readonly only: boolean;
  /** Rejects with the reason when there is nothing here. */
  readonly locate: () => Promise<Endpoint>;
}

/** The places to look at, in order. */
export function candidates({ endpoint, environment, home }: Surroundings): readonly Candidate[] {
  const dockerHost = environment["DOCKER_HOST"];
  const runtime = environment["XDG_RUNTIME_DIR"];
  const chosen = (environment["DOCKER_CONTEXT"] ?? "") !== "";
  return [
    ...(endpoint === undefined ? [] : [address("configured endpoint", endpoint, environment)]),
    ...(dockerHost === undefined || dockerHost === "" ? [] : [address("DOCKER_HOST", dockerHost, environment)]),
    { name: "docker context", only: chosen, locate: async () => fromContext(environment, home) },
    socket("/var/run/docker.sock"),
    ...(runtime === undefined || runtime === "" ? [] : [socket(`${runtime}/docker.sock`)]),
    socket(`${home}/.docker/run/docker.sock`),
    ...(runtime === undefined || runtime === "" ? [] : [socket(`${runtime}/podman/podman.sock`)]),
    socket("/run/podman/podman.sock"),
  ];
}

async function fromContext(environment: Environment, home: string): Promise<Endpoint> {
  const context = await readDockerContext(environment, home);
  if (context === undefined) throw new Error("none chosen");
  return parseEndpoint(context.address, {});
}

function address(name: string, value: string, environment: Environment): Candidate {
  return { name, only: true, locate: async () => parseEndpoint(value, environment) };
}

function socket(path: string): Candidate {
  return { name: path, only: false, locate: async () => Promise.resolve({ kind: "unix", path }) };
}
