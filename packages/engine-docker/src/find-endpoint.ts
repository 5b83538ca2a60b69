import { parseEndpoint, PLAIN, type Endpoint, type Environment } from "./endpoint.ts";
import { configurationOf, readDockerContext } from "./docker-context.ts";

/** What is known before an engine is looked for. */
export interface Surroundings {
  /** An address that a person asked for. */
  readonly endpoint?: string;
  readonly environment: Environment;
  readonly home: string;
}

/** No context of the docker CLI is chosen, which is no reason to look nowhere else. */
export class NoneChosen extends Error {}

/** One place where an engine may be. `only` says that a person chose it: no other is tried after it. */
export interface Candidate {
  readonly name: string;
  readonly only: boolean;
  /** Rejects with the reason when there is nothing here. */
  readonly locate: () => Promise<Endpoint>;
}

/** The places to look at, in order. */
export function candidates(surroundings: Surroundings): readonly Candidate[] {
  const { endpoint, environment, home } = surroundings;
  const dockerHost = environment["DOCKER_HOST"];
  const runtime = environment["XDG_RUNTIME_DIR"];
  return [
    ...(endpoint === undefined ? [] : [address("configured endpoint", endpoint, surroundings)]),
    ...(dockerHost === undefined || dockerHost === "" ? [] : [address("DOCKER_HOST", dockerHost, surroundings)]),
    { name: "docker context", only: true, locate: async () => fromContext(environment, home) },
    socket("/var/run/docker.sock"),
    ...(runtime === undefined || runtime === "" ? [] : [socket(`${runtime}/docker.sock`)]),
    socket(`${home}/.docker/run/docker.sock`),
    ...(runtime === undefined || runtime === "" ? [] : [socket(`${runtime}/podman/podman.sock`)]),
    socket("/run/podman/podman.sock"),
  ];
}

async function fromContext(environment: Environment, home: string): Promise<Endpoint> {
  const context = await readDockerContext(environment, home);
  if (context === undefined) throw new NoneChosen("none chosen");
  return parseEndpoint(context.address, { certificates: context.certificates, plain: environment[PLAIN] === "yes" });
}

/** As the docker CLI takes them: only with DOCKER_TLS_VERIFY, and then from its own directory unless another is named. */
function certificatesOf(environment: Environment, home: string): string | undefined {
  if ((environment["DOCKER_TLS_VERIFY"] ?? "") === "") return undefined;
  return environment["DOCKER_CERT_PATH"] || configurationOf(environment, home);
}

function address(name: string, value: string, { environment, home }: Surroundings): Candidate {
  return { name, only: true, locate: async () => parseEndpoint(value, { certificates: certificatesOf(environment, home), plain: environment[PLAIN] === "yes" }) };
}

function socket(path: string): Candidate {
  return { name: path, only: false, locate: async () => Promise.resolve({ kind: "unix", path }) };
}
