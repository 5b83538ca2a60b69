import type { ImageConfig } from "@sbx/core";
import * as z from "zod";

/** Engines write an empty list or table as null, and leave out what is not set. */
const texts = z.array(z.string()).nullish();
const Config = z.looseObject({
  Entrypoint: texts,
  Cmd: texts,
  WorkingDir: z.string().nullish(),
  Env: texts,
  Volumes: z.record(z.string(), z.unknown()).nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
});
const Inspected = z.looseObject({ Config: Config.nullish() });

/** Read the part of an image's description that says how it is run. What is missing is empty. @throws ZodError for what is no description */
export function imageConfigOf(found: unknown): ImageConfig {
  const { Entrypoint, Cmd, WorkingDir, Env, Volumes, Labels } = Inspected.parse(found).Config ?? {};
  return {
    entrypoint: Entrypoint ?? [],
    command: Cmd ?? [],
    workdir: WorkingDir === undefined || WorkingDir === null || WorkingDir === "" ? "/" : WorkingDir,
    env: Object.fromEntries((Env ?? []).flatMap((line) => (line.includes("=") ? [[line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const] : []))),
    volumes: Object.keys(Volumes ?? {}),
    labels: Labels ?? {},
  };
}
