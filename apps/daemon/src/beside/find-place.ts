import { rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { hostname, release } from "node:os";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { LABELS, type Engine } from "@sbx/core";
import { findEngine, type FoundEngine } from "@sbx/engine-docker";
import * as z from "zod";
import type { DaemonConfig } from "../config.ts";
import { imagesOf } from "../images-of-engine.ts";
import type { Log } from "../log.ts";
import { probeEngine } from "./probe-engine.ts";

/** Where the daemon can do its work: as this process, or only beside the engine. */
export type Place = { readonly kind: "here" } | { readonly kind: "beside"; readonly found: FoundEngine };

/** What was found out about an engine, good until this machine starts anew. */
const Known = z.object({ engine: z.string(), boot: z.string(), place: z.enum(["here", "beside"]) });

/** What it takes to find out. */
export interface FindPlace {
  readonly config: DaemonConfig;
  readonly log: Log;
  /** Told what is done, one line at a time: the image for the question may have to be made first. */
  readonly preparing: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Find out whether the engine sees this machine's files and reaches its sockets, by asking a container of it.
 *
 * An engine at a usual place of this machine that says it is on a machine of this name and kernel is not asked: each gate's
 * hand-over proves it anew, and where that fails nothing starts. The same holds for one that does not answer now, or has no
 * image to ask with.
 */
export async function findPlace(find: FindPlace): Promise<Place> {
  const { config, log, signal } = find;
  try {
    const found = await findEngine({ environment: config.environment, home: config.home, labels: { [LABELS.owner]: config.owner } });
    const { id, kernel, hostname: name } = await found.host.machine();
    if (!found.chosen && kernel === release() && name === hostname()) return { kind: "here" };
    const boot = await bootId();
    const known = await readKnown(config);
    const isKnown = known?.engine === id && known.boot === boot;
    const place = isKnown ? known.place : await askPlace(found.engine, find);
    if (!isKnown) await writeFile(knownFile(config), JSON.stringify({ engine: id, boot, place } satisfies z.infer<typeof Known>), { mode: 0o600 });
    return place === "here" ? { kind: "here" } : { kind: "beside", found };
  } catch (error) {
    signal.throwIfAborted();
    if (!AppError.is(error)) throw error;
    log.warn("engine.not-probed", { error });
    return { kind: "here" };
  }
}

/** Have the next daemon ask again. */
export function forgetPlace(config: Pick<DaemonConfig, "stateDirectory">): void {
  rmSync(knownFile(config), { force: true });
}

async function askPlace(engine: Engine, { config, log, preparing, signal }: FindPlace): Promise<Place["kind"]> {
  preparing(`Asking the engine at ${engine.info.endpoint} whether it is on this machine`);
  const images = await imagesOf(async () => Promise.resolve(engine), config.environment)();
  const image = await images.base(preparing, signal);
  const seen = await probeEngine({ engine, image, directory: config.stateDirectory, labels: { [LABELS.owner]: config.owner } });
  log.info("engine.probed", { endpoint: engine.info.endpoint, ...seen });
  return seen.files && seen.sockets ? "here" : "beside";
}

async function readKnown(config: DaemonConfig): Promise<z.infer<typeof Known> | undefined> {
  try {
    return Known.safeParse(JSON.parse(await readFile(knownFile(config), "utf8"))).data;
  } catch {
    return undefined;
  }
}

function knownFile({ stateDirectory }: Pick<DaemonConfig, "stateDirectory">): string {
  return path.join(stateDirectory, "engine-place.json");
}

async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}
