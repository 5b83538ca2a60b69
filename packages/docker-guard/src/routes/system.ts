import * as z from "zod";
import { VolumeList } from "../engine/engine-answers.ts";
import type { Guard } from "../guard.ts";
import { json, type Answer } from "../http/answer.ts";
import { OLDEST_API } from "../http/check-version.ts";
import { allImages, imageFacts } from "../life/resolve-image.ts";
import { summaryAnswer } from "../answers/container-answers.ts";
import { imageSummary } from "../answers/image-answers.ts";
import { volumeUsage } from "../answers/object-answers.ts";
import { summaries } from "../owned/summaries.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";
import { Flag, text } from "./schema/field.ts";

/** On every answer: what clients negotiate by. `Builder-Version: 1` keeps them from BuildKit, whose sessions are not offered. */
export function commonHeaders({ parts: { engine } }: Guard): Readonly<Record<string, string>> {
  return { "api-version": engine.facts.apiVersion, "docker-experimental": "false", ostype: "linux", "builder-version": "1", server: "sbx", "cache-control": "no-cache, no-store, must-revalidate" };
}

const pong: Answer = { kind: "text", text: "OK", headers: {} };

function versionAnswer({ parts: { engine } }: Guard): unknown {
  const { apiVersion, version, architecture, kernel } = engine.facts;
  const details = { ApiVersion: apiVersion, MinAPIVersion: OLDEST_API, Arch: architecture, Os: "linux", KernelVersion: kernel, GitCommit: "", GoVersion: "", BuildTime: "", Experimental: "false" };
  return {
    Platform: { Name: "sbx" },
    Components: [{ Name: "Engine", Version: version, Details: details }],
    Version: version,
    ApiVersion: apiVersion,
    MinAPIVersion: OLDEST_API,
    GitCommit: "",
    GoVersion: "",
    Os: "linux",
    Arch: architecture,
    KernelVersion: kernel,
    BuildTime: "",
  };
}

async function infoAnswer(guard: Guard): Promise<unknown> {
  const { engine, sandbox, limits, now } = guard.parts;
  const states = await summaries(guard);
  const count = (state: string) => states.filter(({ State }) => State === state).length;
  return {
    ID: sandbox,
    Name: sandbox,
    Containers: states.length,
    ContainersRunning: count("running"),
    ContainersPaused: count("paused"),
    ContainersStopped: states.length - count("running") - count("paused"),
    Images: (await allImages(guard)).length,
    Driver: "overlay2",
    DriverStatus: [],
    Plugins: { Volume: ["local"], Network: ["bridge", "null"], Authorization: null, Log: ["json-file", "local"] },
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: false,
    PidsLimit: true,
    IPv4Forwarding: true,
    Debug: false,
    NFd: 0,
    NGoroutines: 0,
    OomKillDisable: false,
    SystemTime: now().toISOString(),
    LoggingDriver: "json-file",
    CgroupDriver: "cgroupfs",
    NEventsListener: 0,
    KernelVersion: engine.facts.kernel,
    OperatingSystem: "sbx sandbox",
    OSType: "linux",
    Architecture: engine.facts.architecture,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: { InsecureRegistryCIDRs: [], IndexConfigs: {}, Mirrors: [] },
    NCPU: Math.max(1, Math.floor(limits.cpus)),
    MemTotal: limits.memoryBytes,
    DockerRootDir: "/var/lib/docker",
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: engine.facts.version,
    Runtimes: { runc: { path: "runc" } },
    DefaultRuntime: "runc",
    Swarm: { NodeID: "", NodeAddr: "", LocalNodeState: "inactive", ControlAvailable: false, Error: "", RemoteManagers: null },
    LiveRestoreEnabled: false,
    Isolation: "",
    InitBinary: "docker-init",
    SecurityOptions: ["name=seccomp,profile=default"],
    Warnings: null,
  };
}

async function usageAnswer(guard: Guard): Promise<unknown> {
  const states = await summaries(guard);
  const { body } = await guard.parts.engine.call({ method: "GET", path: ["volumes"], query: { filters: JSON.stringify({ label: guard.seal.filter("child-volume") }) } });
  const there = new Set((VolumeList.parse(body).Volumes ?? []).map(({ Name }) => Name));
  const images = await allImages(guard);
  return {
    LayersSize: 0,
    Images: await Promise.all(images.map(async (image) => imageSummary(image, await imageFacts(guard, image)))),
    Containers: guard.containers.all().flatMap((container) => states.filter(({ Id }) => Id === container.id).map((facts) => summaryAnswer(guard, container, facts))),
    Volumes: guard.volumes
      .all()
      .filter(({ id }) => there.has(id))
      .map((volume) => volumeUsage(volume, guard.containers.all())),
    BuildCache: guard.images.steps().map(({ id, created, layers }) => ({
      ID: id.slice("sha256:".length, "sha256:".length + 25),
      Type: "regular",
      Description: "a step of a build",
      InUse: false,
      Shared: false,
      Size: Object.values(layers).at(-1) ?? 0,
      CreatedAt: created,
      LastUsedAt: created,
      UsageCount: 1,
    })),
  };
}

/** What the engine is, seen from a sandbox. */
export const SYSTEM_ROUTES: readonly GuardRoute[] = [
  route("GET _ping", { means: "whether somebody is there, and which version is spoken", handle: () => pong }),
  route("HEAD _ping", { means: "the same without a body", handle: () => pong }),
  route("GET version", { means: "the engine's version, and which versions of the API are spoken", handle: ({ guard }) => json(versionAnswer(guard)) }),
  route("GET info", { means: "counts and limits of the sandbox", handle: async ({ guard }) => json(await infoAnswer(guard)) }),
  route("GET plugins", { means: "lists plugins: none", query: queryOf({ filters: text(4096) }), handle: () => json([]) }),
  route("GET system/df", {
    means: "what of the sandbox is kept",
    query: queryOf({ type: z.enum(["container", "image", "volume", "build-cache"]), verbose: Flag }),
    handle: async ({ guard }) => json(await usageAnswer(guard)),
  }),
];
