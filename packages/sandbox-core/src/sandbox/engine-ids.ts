import { AppError, type SandboxId } from "@sbx/contracts";
import type { ContainerSpec, Engine, EngineId } from "../ports/engine.ts";
import type { IdProbe, SandboxFiles } from "../ports/host.ts";
import { outsideOf, parseIdMap, SAME_IDS, type IdRange, type IdView } from "./id-view.ts";
import { labelsOf } from "./labels.ts";

const PROBE_DIRECTORY = "/probe";
/** Both write a file: a map whose lines are not in the host's own numbers fails for at least one of them. */
const WRITERS = [0, 1000] as const;

type ProbedEngine = Pick<Engine, "info" | "create" | "start" | "run" | "remove">;

export interface ProbeRequest {
  readonly engine: ProbedEngine;
  readonly gateImage: EngineId;
  /** The sandbox for which the first answer is wanted. */
  readonly sandbox: SandboxId;
  readonly signal: AbortSignal;
}

/**
 * What the ids inside an engine's containers are on the host, asked once for each engine.
 *
 * An engine that says it leaves ids alone is believed. Of others one container is started: it tells its map, and writes
 * files into a directory of ours. Their owners decide whether the map is to be believed, and that the engine sees this
 * machine's directories at all.
 */
export class EngineIds {
  readonly #files: Pick<SandboxFiles, "idProbe">;
  readonly #owner: string;
  readonly #known = new WeakMap<ProbedEngine, IdView>();

  constructor({ files, owner }: { readonly files: Pick<SandboxFiles, "idProbe">; readonly owner: string }) {
    this.#files = files;
    this.#owner = owner;
  }

  /** @throws AppError `PLATFORM_UNSUPPORTED` when the ids, or this machine's directories, cannot be told through this engine */
  async of(request: ProbeRequest): Promise<IdView> {
    const { engine } = request;
    if (engine.info.remaps === false) return SAME_IDS;
    const view = this.#known.get(engine) ?? (await this.#probe(request));
    this.#known.set(engine, view);
    return view;
  }

  async #probe({ engine, gateImage, sandbox, signal }: ProbeRequest): Promise<IdView> {
    await using probe = await this.#files.idProbe(sandbox);
    const labels = labelsOf(this.#owner, sandbox, "home");
    const id = await engine.create(probeContainer({ name: `sbx-ids-${sandbox.slice(4)}`, image: gateImage, labels, directory: probe.directory }), signal);
    try {
      await engine.start(id, signal);
      const view = { uid: await this.#map({ engine, container: id, file: "uid_map", signal }), gid: await this.#map({ engine, container: id, file: "gid_map", signal }) };
      for (const writer of WRITERS) {
        await engine.run(id, { command: ["/bin/sh", "-c", `: > ${PROBE_DIRECTORY}/${writer}`], env: {}, user: `${writer}:${writer}`, workdir: "/" }, signal);
        await checkWritten(probe, { writer, view });
      }
      return view;
    } finally {
      await engine.remove(id);
    }
  }

  async #map({ engine, container, file, signal }: { readonly engine: ProbedEngine; readonly container: EngineId; readonly file: string; readonly signal: AbortSignal }): Promise<readonly IdRange[]> {
    const { stdout } = await engine.run(container, { command: ["/bin/cat", `/proc/self/${file}`], env: {}, user: "1000:1000", workdir: "/" }, signal);
    const ranges = parseIdMap(stdout);
    if (ranges === undefined) throw unclear("a container of it does not tell its map of ids");
    return ranges;
  }
}

async function checkWritten(probe: IdProbe, { writer, view }: { readonly writer: number; readonly view: IdView }): Promise<void> {
  const owner = await probe.ownerOf(String(writer));
  if (owner === undefined) {
    throw new AppError("PLATFORM_UNSUPPORTED", {
      message: "The container engine does not write into this machine's directories: what a container wrote is not there",
      fix: "Use an engine that runs on this machine itself, not in a virtual machine or on another host: set DOCKER_HOST.",
    });
  }
  if (owner.uid !== outsideOf(view.uid, writer) || owner.gid !== outsideOf(view.gid, writer)) {
    throw unclear(`what its id ${writer} wrote belongs to ${owner.uid}:${owner.gid} on this machine, which is not what its map says`);
  }
}

function unclear(why: string): AppError {
  return new AppError("PLATFORM_UNSUPPORTED", {
    message: `The container engine gives its containers other ids, in a way that cannot be told: ${why}`,
    fix: "Use an engine that leaves ids as they are, or maps them once (rootless, or dockerd --userns-remap): set DOCKER_HOST.",
  });
}

function probeContainer({
  name,
  image,
  labels,
  directory,
}: {
  readonly name: string;
  readonly image: EngineId;
  readonly labels: Readonly<Record<string, string>>;
  readonly directory: string;
}): ContainerSpec {
  return {
    name,
    image,
    command: ["/bin/sleep", "60"],
    env: {},
    labels,
    user: "0:0",
    workdir: "/",
    mounts: [{ kind: "bind", source: directory, target: PROBE_DIRECTORY, readonly: false }],
    network: { kind: "none", hostname: "ids", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
    capabilities: [],
    readonlyRoot: true,
    seccomp: "default",
    limits: { pids: 16, memoryBytes: 64 << 20 },
  };
}
