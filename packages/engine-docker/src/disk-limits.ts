import { AppError } from "@sbx/contracts";
import type { DiskEngine, DiskLimits } from "@sbx/core";
import type Docker from "dockerode";
import { reasonOf, toAppError } from "./docker-error.ts";

/** What is tried: enough for any engine to take it. */
const SIZE = String(1 << 30);

/** Storage drivers that carry a size out where they take one. Others may take it and do nothing. */
const KNOWN: ReadonlySet<string> = new Set(["overlay2", "btrfs", "zfs"]);

/** What of a container's disk an engine can bound. It says so nowhere, so it is tried, once for a connection. */
export function createDiskLimits({ docker, driver, labels }: { readonly docker: Docker; readonly driver: string; readonly labels: Readonly<Record<string, string>> }): DiskEngine {
  let known: Promise<DiskLimits> | undefined;
  const tryAll = async (image: string): Promise<DiskLimits> => {
    const layer = KNOWN.has(driver) ? await whyNoLayer(docker, image, labels) : `its storage driver "${driver}" knows none`;
    const volumes = await whyNoVolume(docker, labels);
    return { ...(layer === undefined ? {} : { noLayer: layer }), ...(volumes === undefined ? {} : { noVolumes: volumes }) };
  };
  return {
    async diskLimits(image) {
      known ??= tryAll(image);
      try {
        return await known;
      } catch (error) {
        known = undefined;
        throw error;
      }
    },
  };
}

/** A container that is never started. */
async function whyNoLayer(docker: Docker, image: string, labels: Readonly<Record<string, string>>): Promise<string | undefined> {
  return await whyNot(async () => {
    const container = await docker.createContainer({
      Image: image,
      Entrypoint: ["/"],
      Cmd: [],
      Labels: { ...labels, "dev.sbx.role": "probe" },
      HostConfig: { NetworkMode: "none", StorageOpt: { size: SIZE } },
    });
    await container.remove({ force: true, v: true });
  });
}

async function whyNoVolume(docker: Docker, labels: Readonly<Record<string, string>>): Promise<string | undefined> {
  return await whyNot(async () => {
    // Without a name it is a new one for certain.
    const volume = await docker.createVolume({ Driver: "local", DriverOpts: { size: SIZE }, Labels: { ...labels, "dev.sbx.role": "probe" } });
    await volume.remove();
  });
}

async function whyNot(attempt: () => Promise<void>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    const problem = toAppError(error, "say what of the disk it can bound");
    if (AppError.is(problem) && problem.code === "ENGINE_UNREACHABLE") throw problem;
    return reasonOf(error);
  }
}
