import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { AppError, ImageReference } from "@sbx/contracts";
import { TurnQueue } from "@sbx/core";
import * as z from "zod";
import { placeFile } from "../sandboxes/place-file.ts";

const Document = z.strictObject({ version: z.literal(1), images: z.array(ImageReference).max(1000) });

/** Which of the engine's images a person lets every sandbox with a Docker API run. */
export interface AllowedImages {
  /** @throws AppError `CONFIG_INVALID` when the file is none: nothing is allowed then */
  list(): Promise<readonly string[]>;
  allow(reference: string): Promise<void>;
  /** Resolves with false when it was not allowed. */
  deny(reference: string): Promise<boolean>;
}

/** Keep them in `docker.json` in the configuration directory, which people edit too. */
export function createAllowedImages(configDirectory: string): AllowedImages {
  const file = path.join(configDirectory, "docker.json");
  const turns = new TurnQueue();
  const read = async (): Promise<readonly string[]> => {
    const text = await readFile(file, "utf8").catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    });
    return text === undefined ? [] : parse(file, text);
  };
  const write = async (images: readonly string[]): Promise<void> => {
    await mkdir(configDirectory, { recursive: true, mode: 0o700 });
    await placeFile(file, `${JSON.stringify({ version: 1, images }, null, 2)}\n`, 0o600);
  };
  return {
    list: read,
    allow: (reference) =>
      turns.take(file, async () => {
        const there = await read();
        if (!there.includes(reference)) await write([...there, reference]);
      }),
    deny: (reference) =>
      turns.take(file, async () => {
        const there = await read();
        if (there.includes(reference)) await write(there.filter((one) => one !== reference));
        return there.includes(reference);
      }),
  };
}

function parse(file: string, text: string): readonly string[] {
  try {
    return Document.parse(JSON.parse(text)).images;
  } catch (cause) {
    throw new AppError("CONFIG_INVALID", { message: `${file} is not a list of images`, fix: 'Write it as {"version":1,"images":["postgres:16"]}, or remove it.', cause });
  }
}
