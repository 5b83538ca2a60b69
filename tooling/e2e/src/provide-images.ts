import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import * as z from "zod";

declare module "vitest" {
  interface ProvidedContext {
    /** Full id of the base image. */
    readonly baseImage: string;
    /** Path of the session holder's program, as it lies in the gate's image. */
    readonly holdProgram: string;
  }
}

/**
 * Make the images that tests of the engine run from, before any of them: on a new machine there are none. In a process
 * of its own, because what vitest loads for a set-up does not know the condition for sources. Gives back the clean-up.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(path.join(tmpdir(), "sbx-hold-"));
  const holdProgram = path.join(directory, "hold");
  const program = path.join(import.meta.dirname, "make-images.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=@sbx/source", program, holdProgram], { maxBuffer: 64 << 20 });
  project.provide("baseImage", z.object({ baseImage: z.string() }).parse(JSON.parse(stdout)).baseImage);
  project.provide("holdProgram", holdProgram);
  return () => rm(directory, { recursive: true });
}
