import * as z from "zod";
import { describeIssue } from "../document/describe-issue.ts";
import { readSource } from "../document/read-source.ts";
import { checkEntry, type EntryDraft } from "./check-entry.ts";
import { present } from "./docker-entry.ts";
import { variableName } from "./server-inputs.ts";
import type { ReadOptions, ServersRead } from "./servers-read.ts";

const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((value) => value ?? undefined);

const UserConfig = z.object({
  type: z.enum(["string", "number", "boolean", "directory", "file"]),
  title: optional(z.string()),
  description: optional(z.string()),
  required: optional(z.boolean()),
  default: optional(z.json()),
  multiple: optional(z.boolean()),
  sensitive: optional(z.boolean()),
  min: optional(z.number()),
  max: optional(z.number()),
});
type UserConfig = z.output<typeof UserConfig>;

const Program = z.object({ command: z.string(), args: optional(z.array(z.string())), env: optional(z.record(z.string(), z.string())) });

/** The manifest of an MCP bundle, of which we use this. `dxt_version` is how it was called before. */
const Manifest = z.object({
  manifest_version: optional(z.string()),
  dxt_version: optional(z.string()),
  name: z.string(),
  display_name: optional(z.string()),
  description: optional(z.string()),
  license: optional(z.string()),
  homepage: optional(z.string()),
  author: optional(z.object({ name: optional(z.string()) })),
  keywords: optional(z.array(z.string())),
  server: z.object({ type: z.enum(["node", "python", "binary", "uv"]), entry_point: z.string(), mcp_config: optional(Program) }),
  tools: optional(z.array(z.object({ name: z.string(), description: optional(z.string()) }))),
  user_config: optional(z.record(z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, "a setting has letters, digits, dashes and underscores"), UserConfig)),
});
type Manifest = z.output<typeof Manifest>;

/** Where a bundle is, and what its bytes are. */
export interface BundlePlace extends ReadOptions {
  readonly from: string;
  /** In lower-case hex. */
  readonly sha256: string;
}

/**
 * Read the `manifest.json` of an MCP bundle. Its entry point stays with the bundle; the entry's command is what follows
 * it, with `${user_config.key}` as templates, sensitive settings as secrets, and directories as volumes.
 *
 * @throws AppError `CATALOG_INVALID` with file, line and column. Nothing else.
 */
export function readBundleManifest(text: string, { from, sha256, file = "manifest.json" }: BundlePlace): ServersRead {
  const source = readSource(text, file);
  const parsed = Manifest.safeParse(source.value);
  if (!parsed.success) {
    const { path, message } = describeIssue(parsed.error);
    throw source.refuse(path, message);
  }
  const name = parsed.data.name.replaceAll(/[^A-Za-z0-9_.-]/g, "-");
  const { entry, warnings } = checkEntry({ source, path: [], name }, draftOf(parsed.data, name, { kind: "bundle", from, sha256 }));
  return { servers: entry === undefined ? [] : [entry], warnings };
}

function draftOf(manifest: Manifest, name: string, source: EntryDraft["source"]): EntryDraft {
  const settings = Object.entries(manifest.user_config ?? {});
  const env = Object.entries(manifest.server.mcp_config?.env ?? {}).map(([variable, value]) => ({ name: variable, value: fill(value, name, manifest) }));
  const secrets = settings
    .filter(([, setting]) => setting.sensitive === true)
    .map(([key, setting]) => present({ name: `${name}.${key}`, env: variableName(key), description: setting.description ?? setting.title, required: setting.required === true }));
  const properties = settings.filter(([, setting]) => setting.sensitive !== true);
  const required = properties.filter(([, setting]) => setting.required === true && setting.default === undefined).map(([key]) => key);
  return {
    ...present({ name, title: manifest.display_name, description: manifest.description }),
    source,
    command: argumentsOf(manifest).map((argument) => fill(argument, name, manifest)),
    volumes: properties.filter(([, setting]) => setting.type === "directory" || setting.type === "file").map(([key]) => `{{${name}.${key}|volume|into}}`),
    // A variable that is nothing but a secret of the same name is that secret.
    env: env.filter(({ name: variable, value }) => value !== `\${${variable}}`),
    secrets,
    config:
      properties.length === 0
        ? []
        : [{ name, type: "object", properties: Object.fromEntries(properties.map(([key, setting]) => [key, schemaOf(setting)])), ...(required.length === 0 ? {} : { required }) }],
    tools: (manifest.tools ?? []).map((tool) => present(tool)),
    longLived: true,
    metadata: present({ tags: manifest.keywords ?? [], license: manifest.license, owner: manifest.author?.name, homepage: manifest.homepage }),
  };
}

/** What stands after the entry point. A program that starts in another way is given all of it. */
function argumentsOf({ server }: Manifest): readonly string[] {
  const args = server.mcp_config?.args ?? [];
  const entry = args.findIndex((argument) => argument.endsWith(server.entry_point));
  return args.slice(entry + 1);
}

function fill(text: string, server: string, { user_config: settings = {} }: Manifest): string {
  return text.replaceAll(/\$\{user_config\.([A-Za-z0-9_-]+)\}/g, (written, key: string) => {
    const setting = Object.hasOwn(settings, key) ? settings[key] : undefined;
    if (setting === undefined) return written;
    if (setting.sensitive === true) return `\${${variableName(key)}}`;
    const steps = setting.type === "directory" || setting.type === "file" ? "|volume-target" : "";
    const fallback = typeof setting.default === "string" && !/[{}|[\]$]/.test(setting.default) && steps === "" ? `|or:${setting.default}` : "";
    return `{{${server}.${key}${steps}${fallback}}}`;
  });
}

function schemaOf({ type, title, description, multiple, min, max }: UserConfig): Record<string, z.core.util.JSONType> {
  const one = {
    type: type === "number" || type === "boolean" ? type : "string",
    ...(min === undefined || type !== "number" ? {} : { minimum: min }),
    ...(max === undefined || type !== "number" ? {} : { maximum: max }),
  };
  return { ...(multiple === true ? { type: "array", items: one } : one), ...present({ title, description }) };
}
