import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack, type Pack } from "tar-stream";
import * as z from "zod";
import { ImageFacts } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import { Refusal } from "../refusal.ts";
import { linesOf } from "../streams/lines.ts";
import type { Piece, Spool } from "../streams/spool.ts";
import type { HistoryLine, ImageConfig } from "./image-config.ts";

/** A layer of an image: one that the engine has, or a tar in a spool. */
export interface Layer {
  /** "sha256:…" of the plain tar. */
  readonly diffId: string;
  readonly piece?: Piece;
}

/** All that an image is. */
export interface ImageContent {
  readonly config: ImageConfig;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string | undefined;
  readonly author?: string | undefined;
  readonly created: string;
  readonly layers: readonly Layer[];
  /** As many lines that are no empty layer as there are layers. */
  readonly history: readonly HistoryLine[];
}

/** An image that the engine has by now. */
export interface WrittenImage {
  readonly id: string;
  /** The engine had the same one before, and it is not for us to remove. */
  readonly lent: boolean;
}

const Line = z.looseObject({ stream: z.string().optional(), error: z.string().optional() });

/**
 * Have the engine keep an image whose every setting is written here.
 *
 * Layers that the engine has are named by their digests alone, and the engine takes its own. So nobody else's digest may
 * ever get here: a layer that a client sends is named by what it really is, never by what the client calls it.
 *
 * @throws Refusal when the engine takes it not, or keeps images in a form in which layers cannot be named so
 */
export async function writeImage({ parts: { engine } }: Pick<Guard, "parts">, content: ImageContent, spool?: Spool): Promise<WrittenImage> {
  const config = Buffer.from(JSON.stringify(configFile(content)));
  const id = `sha256:${createHash("sha256").update(config).digest("hex")}`;
  const before = await engine.call({ method: "GET", path: ["images", id, "json"] });
  if (before.status === 200) return { id, lent: true };
  const tar = pack();
  const sending = sendParts(tar, { config, content, spool });
  sending.catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  const { status, body } = await engine.stream({ method: "POST", path: ["images", "load"], query: { quiet: "1" }, body: { tar: Readable.from(tar) } });
  const said: string[] = [];
  for await (const line of linesOf(body)) {
    const { stream = "", error } = Line.parse(JSON.parse(line));
    if (error !== undefined) throw new Refusal(500, "the engine did not take the image: it may keep images in a form in which sbx cannot write them");
    said.push(stream);
  }
  if (status !== 200) throw refusalOf({ status, body: undefined }, "the image could not be written");
  await sending;
  const found = await engine.call({ method: "GET", path: ["images", id, "json"] });
  const { data } = ImageFacts.safeParse(found.body);
  const wanted = content.layers.map(({ diffId }) => diffId);
  if (found.status !== 200 || JSON.stringify(data?.RootFS?.Layers ?? []) !== JSON.stringify(wanted)) throw new Error(`the engine has not the image that was written: ${said.join(" ").slice(0, 200)}`);
  return { id, lent: false };
}

function configFile({ config, architecture, os, variant, author, created, layers, history }: ImageContent): unknown {
  return {
    architecture,
    os,
    ...(variant === undefined || variant === "" ? {} : { variant }),
    ...(author === undefined || author === "" ? {} : { author }),
    created,
    config,
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history,
  };
}

async function sendParts(tar: Pack, { config, content, spool }: { readonly config: Buffer; readonly content: ImageContent; readonly spool: Spool | undefined }): Promise<void> {
  const names = content.layers.map((_layer, at) => `layer-${at}.tar`);
  for (const [at, { piece }] of content.layers.entries()) {
    if (piece === undefined) continue;
    if (spool === undefined) throw new Error("a layer in no spool");
    await pipeline(spool.read(piece), tar.entry({ name: names[at] ?? "", size: piece.size }));
  }
  tar.entry({ name: "config.json" }, config);
  tar.entry({ name: "manifest.json" }, JSON.stringify([{ Config: "config.json", RepoTags: null, Layers: names }]));
  tar.finalize();
}
