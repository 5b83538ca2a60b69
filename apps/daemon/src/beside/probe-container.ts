import type { Engine, EngineId, Mount } from "@sbx/core";
import { LABELS } from "@sbx/core";
import { randomId } from "../random-id.ts";

const PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/** What of an engine asking takes. */
export type ProbingEngine = Pick<Engine, "create" | "start" | "remove" | "run">;

/** What a container is asked with. */
export interface ProbeOptions {
  readonly image: EngineId;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly capabilities?: readonly string[];
}

/** A container without a network that answers questions. Disposing removes it. */
export interface ProbeContainer extends AsyncDisposable {
  /** Run a script of the shell in it as root, with these arguments as `$1` and so on. */
  run(script: string, ...args: readonly string[]): Promise<{ readonly exitCode: number; readonly stdout: string }>;
}

/** Start a container that answers questions about what it sees. @throws AppError `ENGINE_FAILED` where a mount's source is not there */
export async function probeContainer(engine: ProbingEngine, { image, labels, mounts, capabilities = [] }: ProbeOptions): Promise<ProbeContainer> {
  const id = await engine.create({
    name: randomId("sbx-probe-"),
    image,
    command: ["sleep", "300"],
    env: {},
    labels: { ...labels, [LABELS.role]: "probe" },
    user: "0:0",
    workdir: "/",
    mounts,
    network: { kind: "none", hostname: "probe", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
    capabilities,
    readonlyRoot: true,
    seccomp: "default",
    limits: { pids: 32, memoryBytes: 64 * 1024 * 1024 },
  });
  try {
    await engine.start(id);
  } catch (error) {
    await engine.remove(id);
    throw error;
  }
  return {
    run: (script, ...args) => engine.run(id, { command: ["sh", "-c", script, "sh", ...args], env: { PATH }, user: "0:0", workdir: "/" }),
    [Symbol.asyncDispose]: () => engine.remove(id),
  };
}
