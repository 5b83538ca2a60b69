import { createHash } from "node:crypto";
import type { ServerPodId } from "@sbx/contracts";
import type { ContainerSpec, Engine, EngineId } from "../ports/engine.ts";
import { runToEnd } from "../sandbox/prepare-home.ts";
import type { ServerLaunch } from "./server-launch.ts";
import { serverLabels, type ServedBy, type ServerParts } from "./server-parts.ts";

/** The engine's name of a volume that one server of one sandbox calls by `name`: no other server or sandbox has the same. */
export function dataVolume({ sandbox, server }: ServedBy, name: string): string {
  return `sbx-mcp-data-${createHash("sha256")
    .update(`${sandbox ?? "host"}\n${server}\n${name}`)
    .digest("hex")
    .slice(0, 24)}`;
}

/** Make the volumes that a server keeps from one start to the next. */
export async function makeVolumes({ owner }: ServerParts, engine: Engine, launch: ServerLaunch): Promise<void> {
  for (const volume of launch.volumes) if (volume.kind === "data") await engine.createVolume(dataVolume(launch, volume.name), serverLabels(owner, "server-data", launch));
}

interface Give {
  readonly engine: Engine;
  readonly launch: ServerLaunch;
  readonly gateImage: EngineId;
  readonly user: string;
  readonly id: ServerPodId;
  readonly signal: AbortSignal;
}

/**
 * Give a server's volumes to its user. Done when its container exists and does not run: the engine fills an empty volume
 * from the image at that moment, as the image's own users.
 */
export async function giveVolumes({ owner }: ServerParts, { engine, launch, gateImage, user, id, signal }: Give): Promise<void> {
  const sources = launch.volumes.flatMap((volume) => {
    if (volume.kind === "package") return launch.purpose === "install" ? [volume.volume] : [];
    return volume.kind === "data" && !volume.readonly ? [dataVolume(launch, volume.name)] : [];
  });
  if (sources.length === 0) return;
  await runToEnd(engine, ownerContainer({ name: `sbx-mcp-setup-${id.slice(4)}`, image: gateImage, labels: serverLabels(owner, "server-setup", { id, ...launch }), user, sources }), signal);
}

interface OwnerContainer {
  readonly name: string;
  readonly image: EngineId;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
  readonly sources: readonly string[];
}

/** Root with CHOWN, FOWNER and DAC_OVERRIDE alone, no network, for a moment. */
function ownerContainer({ name, image, labels, user, sources }: OwnerContainer): ContainerSpec {
  const targets = sources.map((_, index) => `/volumes/${index}`);
  return {
    name,
    image,
    command: ["/bin/chown", "-R", "--no-dereference", user, ...targets],
    env: {},
    labels,
    user: "0:0",
    workdir: "/",
    mounts: sources.map((source, index) => ({ kind: "volume", source, target: `/volumes/${index}` })),
    network: { kind: "none", hostname: "setup", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
    capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER"],
    readonlyRoot: true,
    seccomp: "default",
    limits: { pids: 16, memoryBytes: 64 << 20 },
  };
}
