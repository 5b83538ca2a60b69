import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { AppError, ImageReference, RegistryRule } from "@sbx/contracts";
import { TurnQueue } from "@sbx/core";
import { parseImagePattern } from "@sbx/egress-policy";
import * as z from "zod";
import { placeFile } from "../sandboxes/place-file.ts";

const Document = z.strictObject({ version: z.literal(1), images: z.array(ImageReference).max(1000).default([]), registries: z.array(RegistryRule).max(1000).default([]) });
type Document = z.output<typeof Document>;

/** What a person lets agents with a Docker API run, bring and give away: in all sandboxes, or in one. */
export interface DockerRules {
  /** Images of this machine's engine. @throws AppError `CONFIG_INVALID` when the file is none: nothing is allowed then */
  images(): Promise<readonly string[]>;
  allowImage(reference: string): Promise<void>;
  /** Resolves with false when it was not allowed. */
  denyImage(reference: string): Promise<boolean>;
  /** @throws AppError `CONFIG_INVALID` when the file is none */
  registries(): Promise<readonly RegistryRule[]>;
  /** In place of a rule for the same images. @throws AppError `CONFIG_INVALID` */
  allowRegistry(rule: RegistryRule): Promise<void>;
  /** Resolves with false when there was no such rule. */
  denyRegistry(rule: Pick<RegistryRule, "action" | "images">): Promise<boolean>;
}

/** Keep them in a file of JSON, which people edit too. Who changes one file at a time shares `turns`. */
export function createDockerRules(file: string, turns = new TurnQueue()): DockerRules {
  const read = async (): Promise<Document> => {
    const text = await readFile(file, "utf8").catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    });
    return text === undefined ? { version: 1, images: [], registries: [] } : parse(file, text);
  };
  /** Resolves with whether anything changed. */
  const change = (make: (now: Document) => Document): Promise<boolean> =>
    turns.take(file, async () => {
      const now = await read();
      const next = make(now);
      if (next === now) return false;
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      await placeFile(file, `${JSON.stringify(next, null, 2)}\n`, 0o600);
      return true;
    });
  return {
    images: async () => (await read()).images,
    allowImage: async (reference) => {
      await change((now) => (now.images.includes(reference) ? now : { ...now, images: [...now.images, reference] }));
    },
    denyImage: (reference) => change((now) => (now.images.includes(reference) ? { ...now, images: now.images.filter((one) => one !== reference) } : now)),
    registries: async () => (await read()).registries,
    allowRegistry: async (rule) => {
      parseImagePattern(rule.images);
      await change((now) => ({ ...now, registries: [...now.registries.filter((one) => !isSame(one, rule)), rule] }));
    },
    denyRegistry: (rule) => change((now) => (now.registries.some((one) => isSame(one, rule)) ? { ...now, registries: now.registries.filter((one) => !isSame(one, rule)) } : now)),
  };
}

function isSame(a: Pick<RegistryRule, "action" | "images">, b: Pick<RegistryRule, "action" | "images">): boolean {
  return a.action === b.action && a.images === b.images;
}

function parse(file: string, text: string): Document {
  try {
    const document = Document.parse(JSON.parse(text));
    for (const { images } of document.registries) parseImagePattern(images);
    return document;
  } catch (cause) {
    throw new AppError("CONFIG_INVALID", { message: `${file} is no list of rules for Docker APIs`, fix: 'Write it as {"version":1,"images":["postgres:16"]}, or remove it.', cause });
  }
}
