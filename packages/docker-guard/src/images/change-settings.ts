import { readDockerfile } from "@sbx/core";
import { AppError } from "@sbx/contracts";
import { applySetting, type Settings } from "../build/image-settings.ts";
import { printable, Refusal } from "../refusal.ts";
import type { ImageConfig } from "./image-config.ts";

/** Carry out instructions that a client gives with a commit or an import: those that change settings alone. @throws Refusal 400 */
export function changeSettings(config: ImageConfig, changes: readonly string[]): ImageConfig {
  let settings: Settings = { config, author: undefined, commandSaid: false };
  for (const instruction of changes.flatMap(readChange)) {
    const variables = new Map((settings.config.Env ?? []).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
    settings = applySetting(settings, instruction, variables);
  }
  return settings.config;
}

function readChange(change: string): ReturnType<typeof readDockerfile> {
  try {
    return readDockerfile("change", change);
  } catch (error) {
    if (AppError.is(error)) throw new Refusal(400, `"${printable(change)}" cannot be read in one way only`);
    throw error;
  }
}
