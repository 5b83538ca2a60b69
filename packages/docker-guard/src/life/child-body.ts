import { bindPropagation, workloadSeccomp } from "@sbx/core";
import type { Json, JsonObject } from "@sbx/contracts";
import type { ImageFacts } from "../engine/engine-answers.ts";
import type { ContainerCreate, Healthcheck } from "../routes/schema/container-config.ts";
import { CHILD_CAPABILITIES } from "../routes/schema/host-config.ts";
import type { MountPlan } from "./plan-mounts.ts";
import type { Sizes } from "./total-sizes.ts";

/** What a child's container is specified from. */
export interface ChildParts {
  readonly asked: ContainerCreate;
  readonly image: ImageFacts;
  readonly mounts: MountPlan;
  /** Full id of the container that owns the network namespace; `undefined` for one that never runs. */
  readonly gate: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** What it may ask for, and what it gets when it asks for nothing. */
  readonly limits: { readonly most: Sizes; readonly usual: Sizes };
  /** Where the engine keeps its own files. */
  readonly dataRoot?: string | undefined;
}

/** Less than that between two checks would keep the engine busy. */
const FEWEST_NS = 5e8;

/**
 * Write the engine's create request of a child, from nothing but what was understood.
 *
 * Every setting that decides about isolation is a constant here or comes from the guard; of the client come its
 * command, variables, user, directory and sizes, each already within its schema.
 */
export function childBody({ asked, image, mounts, gate, labels, limits, dataRoot }: ChildParts): Json {
  return {
    Image: image.Id,
    ...given({ Cmd: asked.Cmd, Entrypoint: asked.Entrypoint, StopTimeout: asked.StopTimeout, Env: asked.Env }),
    ...given({ User: asked.User, WorkingDir: asked.WorkingDir, StopSignal: asked.StopSignal }, (text) => text !== ""),
    Tty: asked.Tty === true,
    OpenStdin: asked.OpenStdin === true,
    StdinOnce: asked.StdinOnce === true,
    AttachStdin: asked.AttachStdin === true,
    AttachStdout: asked.AttachStdout === true,
    AttachStderr: asked.AttachStderr === true,
    Healthcheck: healthcheck(asked.Healthcheck, image),
    Labels: { ...coveredLabels(image), ...labels },
    HostConfig: { ...isolation(gate), ...sizes(asked, limits), ...mounting(asked, mounts, dataRoot) },
  };
}

/**
 * Labels of the image are emptied: the engine would put them on the container, and they could look like ours, or be obeyed by
 * programs of the host that take orders from labels of containers.
 */
function coveredLabels({ Config }: ImageFacts): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(Config?.Labels ?? {}).map((name) => [name, ""]));
}

/** The same for all. */
function isolation(gate: string | undefined): JsonObject {
  return {
    NetworkMode: gate === undefined ? "none" : `container:${gate}`,
    IpcMode: "private",
    PidMode: "",
    UTSMode: "",
    Privileged: false,
    PublishAllPorts: false,
    RestartPolicy: { Name: "no" },
    LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "2" } },
  };
}

function sizes({ HostConfig = {} }: ContainerCreate, { most, usual }: ChildParts["limits"]): JsonObject {
  const memory = atMost(HostConfig.Memory, most.memory, usual.memory);
  return {
    Memory: memory,
    MemorySwap: memory,
    NanoCpus: atMost(HostConfig.NanoCpus, most.nanoCpus, usual.nanoCpus),
    PidsLimit: atMost(HostConfig.PidsLimit, most.pids, usual.pids),
    ...given({ CpuShares: HostConfig.CpuShares, ShmSize: HostConfig.ShmSize }, (size) => size !== 0),
    Ulimits: [...ulimits(HostConfig.Ulimits ?? [])],
  };
}

function ulimits(asked: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[]): readonly JsonObject[] {
  const named = asked.filter(({ Name }) => Name !== "core").map(({ Name, Soft, Hard }) => ({ Name, Soft: Math.min(Soft, Hard), Hard }));
  // A core file is written by the host's own pattern, which may be a program of the host.
  return [...named, { Name: "core", Soft: 0, Hard: 0 }];
}

function mounting({ HostConfig = {} }: ContainerCreate, { binds, volumes, tmpfs }: MountPlan, dataRoot: string | undefined): JsonObject {
  const dropped = new Set((HostConfig.CapDrop ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, "")));
  const kept = CHILD_CAPABILITIES.filter((name) => !dropped.has(name) && (!dropped.has("ALL") || HostConfig.CapAdd?.some((added) => added.replace(/^CAP_/, "") === name) === true));
  return {
    CapDrop: ["ALL"],
    CapAdd: [...kept],
    // Where files of the host can be written, no file may be made that runs as its owner there.
    SecurityOpt: ["no-new-privileges:true", ...(binds.length > 0 ? [`seccomp=${JSON.stringify(workloadSeccomp())}`] : [])],
    ReadonlyRootfs: HostConfig.ReadonlyRootfs === true,
    AutoRemove: HostConfig.AutoRemove === true,
    Init: HostConfig.Init === true,
    GroupAdd: [...(HostConfig.GroupAdd ?? [])],
    Tmpfs: { ...tmpfs },
    Mounts: [
      ...binds.map(({ source, target, readonly }) => ({ Type: "bind", Source: source, Target: target, ReadOnly: readonly, BindOptions: { Propagation: bindPropagation(source, dataRoot) } })),
      ...volumes.map(({ volume, target, readonly, noCopy }) => ({ Type: "volume", Source: volume, Target: target, ReadOnly: readonly, VolumeOptions: { NoCopy: noCopy } })),
    ],
  };
}

type Check = { readonly [Key in keyof Healthcheck]?: Healthcheck[Key] | null };

/** The client's check, else the image's, which may ask for more than a client: never more often than twice a second. */
function healthcheck(asked: Healthcheck | undefined, { Config }: ImageFacts): JsonObject {
  const image = Config?.Healthcheck ?? undefined;
  const test = [asked?.Test, image?.Test].find((words) => words !== undefined && words !== null && words.length > 0);
  if (test === undefined || test === null || test[0] === "NONE") return { Test: ["NONE"] };
  return { Test: [...test], ...times(asked ?? image ?? {}) };
}

function times({ Interval, Timeout, StartPeriod, Retries }: Check): JsonObject {
  const bounded = (time: number | null | undefined) => (typeof time !== "number" || time <= 0 ? 0 : Math.max(FEWEST_NS, time));
  return { Interval: bounded(Interval), Timeout: bounded(Timeout), StartPeriod: bounded(StartPeriod), Retries: Math.max(0, Retries ?? 0) };
}

function atMost(asked: number | undefined, limit: number, usual: number): number {
  return asked === undefined || asked <= 0 ? usual : Math.min(asked, limit);
}

/** Of an object what is there, and passes. */
function given<T extends Json>(object: Readonly<Record<string, T | undefined>>, passes: (value: T) => boolean = () => true): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(object).flatMap(([key, value]) => (value === undefined || !passes(value) ? [] : [[key, value] as const])));
}
