import * as z from "zod";
import type { ImageFacts } from "../engine/engine-answers.ts";
import { OWN_LABELS } from "../routes/schema/field.ts";

const Text = z.string().max(64 << 10);
const Words = z.array(Text).max(4096);
/** Absent and null are the same. */
const maybe = <T extends z.ZodType>(schema: T) =>
  schema
    .nullish()
    .transform((value) => value ?? undefined)
    .optional();

/** What an image says of how it is run: all that is ever kept of one. */
export const ImageConfig = z.object({
  User: maybe(z.string().max(256)),
  ExposedPorts: maybe(z.record(z.string().regex(/^\d{1,5}(?:-\d{1,5})?(?:\/(?:tcp|udp|sctp))?$/), z.unknown()).transform((ports) => emptyMembers(Object.keys(ports)))),
  Env: maybe(z.array(Text.regex(/^[^=\0]+(?:=[^\0]*)?$/)).max(1024)),
  Entrypoint: maybe(Words),
  Cmd: maybe(Words),
  Volumes: maybe(z.record(z.string().max(4096), z.unknown()).transform((paths) => emptyMembers(Object.keys(paths)))),
  WorkingDir: maybe(z.string().max(4096)),
  Labels: maybe(z.record(z.string().max(512), Text).transform(ownLabels)),
  StopSignal: maybe(z.string().max(32)),
  Shell: maybe(Words),
  Healthcheck: maybe(z.object({ Test: maybe(z.array(Text).max(256)), Interval: maybe(z.int()), Timeout: maybe(z.int()), StartPeriod: maybe(z.int()), Retries: maybe(z.int().min(0).max(1000)) })),
});
export type ImageConfig = z.output<typeof ImageConfig>;

/** One line of an image's history, as its configuration has it. */
export const HistoryLine = z.object({
  created: z.string().max(64).default("1970-01-01T00:00:00Z"),
  created_by: Text.default(""),
  comment: z.string().max(4096).optional(),
  author: z.string().max(1024).optional(),
  empty_layer: z.boolean().optional(),
});
export type HistoryLine = z.output<typeof HistoryLine>;

/** The settings of an image that the engine has. What does not fit the schema was never ours to keep. */
export function configOfFacts({ Config }: ImageFacts): ImageConfig {
  const read = ImageConfig.safeParse(Config ?? {});
  if (read.success) return read.data;
  // Of an image of the host's, which may have odder settings than a client may bring.
  const fitting = Object.entries(Config ?? {}).filter(([name, value]) => ImageConfig.safeParse({ [name]: value }).success);
  return ImageConfig.parse(Object.fromEntries(fitting));
}

function emptyMembers(names: readonly string[]): Readonly<Record<string, Readonly<Record<string, never>>>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** Labels of sbx are never taken from anybody. */
function ownLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !name.toLowerCase().startsWith(OWN_LABELS)));
}
