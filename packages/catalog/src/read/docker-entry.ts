import { ServerSource } from "@sbx/contracts";
import * as z from "zod";
import { describeIssue } from "../document/describe-issue.ts";
import { checkEntry, leftOut, type EntryDraft, type EntryPlace, type EntryRead } from "./check-entry.ts";

const Scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
/** Programs write an empty field as `null`. */
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((value) => value ?? undefined);
const list = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .array(schema)
    .nullish()
    .transform((value) => value ?? []);

const DockerSecret = z.object({ name: z.string(), env: optional(z.string()), description: optional(z.string()), example: optional(Scalar), required: optional(z.boolean()) });
const DockerTool = z.object({ name: z.string(), description: optional(z.string()), tokens: optional(z.number()) });
const DockerRemote = z.object({ url: z.string(), transport_type: optional(z.string()), transport: optional(z.string()), headers: optional(z.record(z.string(), Scalar)) });
const DockerOAuth = z.object({ providers: list(z.object({ provider: z.string(), secret: z.string(), env: z.string() })), scopes: list(z.string()) });
const DockerMetadata = z.object({
  category: optional(z.string()),
  tags: list(z.string()),
  license: optional(z.string()),
  owner: optional(z.string()),
  registryUrl: optional(z.string()),
});

/** An entry as Docker's gateway reads it. A stranger's program wrote it: what we do not use may be anything. */
export const DockerEntry = z.object({
  name: optional(z.string()),
  title: optional(z.string()),
  description: optional(z.string()),
  icon: optional(z.string()),
  readme: optional(z.string()),
  type: optional(z.string()),
  image: optional(z.string()),
  /** Ours: a source that Docker has no words for. */
  source: optional(ServerSource),
  command: list(Scalar),
  volumes: list(z.string()),
  user: optional(Scalar),
  extraHosts: list(z.string()),
  env: list(z.object({ name: z.string(), value: optional(Scalar) })),
  secrets: list(DockerSecret),
  config: list(z.record(z.string(), z.json())),
  oauth: optional(DockerOAuth),
  remote: optional(DockerRemote),
  sseEndpoint: optional(z.string()),
  allowHosts: list(z.string()),
  disableNetwork: optional(z.boolean()),
  longLived: optional(z.boolean()),
  prefix: optional(z.string()),
  tools: optional(z.array(z.unknown()).max(1000, "it has more than 1000 tools")).transform((tools) => tools ?? []),
  metadata: optional(DockerMetadata),
});
export type DockerEntry = z.output<typeof DockerEntry>;

/** Read one entry in Docker's form, as it stands in catalogs, snapshots and files. */
export function readDockerEntry(place: EntryPlace, value: unknown, override: Partial<DockerEntry> = {}): EntryRead {
  const parsed = DockerEntry.safeParse(value);
  if (!parsed.success) {
    const issue = describeIssue(parsed.error);
    return leftOut({ ...place, path: [...place.path, ...issue.path] }, issue.message);
  }
  const docker = { ...parsed.data, ...override };
  if (docker.type === "poci") return leftOut(place, "each of its tools is a container of its own (type poci), which is not carried out");
  const source = sourceOf(docker);
  if (source === undefined) return leftOut(place, "it names neither an image nor an address");
  const tools = docker.tools.map((tool) => DockerTool.safeParse(tool));
  const warnings = tools.flatMap((tool, index) =>
    tool.success ? [] : [place.source.warn([...place.path, "tools", index], `tool ${index + 1} of "${place.name}" is left out: ${describeIssue(tool.error).message}`, place.name)],
  );
  const read = checkEntry(place, draftOf(place.name, { ...docker, source, tools: tools.flatMap((tool) => (tool.success ? [tool.data] : [])) }));
  return { ...read, warnings: [...warnings, ...read.warnings] };
}

const SSE = new Set(["sse"]);

function sourceOf({ source, type, image, remote, sseEndpoint }: DockerEntry): EntryDraft["source"] | undefined {
  if (source !== undefined) return source;
  if (remote !== undefined && (type === "remote" || image === undefined)) {
    const transport = SSE.has((remote.transport_type ?? remote.transport ?? "").toLowerCase()) ? "sse" : "streamable-http";
    return { kind: "remote", url: remote.url, transport, headers: remote.headers ?? {} };
  }
  if (image !== undefined) return { kind: "image", image };
  return sseEndpoint === undefined ? undefined : { kind: "remote", url: sseEndpoint, transport: "sse" };
}

type Sourced = Omit<DockerEntry, "source" | "tools"> & { readonly source: EntryDraft["source"]; readonly tools: readonly z.output<typeof DockerTool>[] };

function draftOf(name: string, docker: Sourced): EntryDraft {
  const { metadata } = docker;
  return present({
    name,
    title: docker.title,
    description: docker.description,
    icon: docker.icon,
    readme: docker.readme,
    source: docker.source,
    command: docker.command,
    volumes: docker.volumes,
    user: docker.user,
    extraHosts: docker.extraHosts,
    env: docker.env.map((item) => ({ name: item.name, value: item.value ?? "" })),
    secrets: docker.secrets.map((secret) => present({ ...secret, env: secret.env ?? variableOf(secret.name) })),
    config: docker.config,
    oauth: docker.oauth,
    allowHosts: docker.allowHosts,
    disableNetwork: docker.disableNetwork,
    longLived: docker.longLived,
    prefix: docker.prefix,
    tools: docker.tools.map((tool) => present(tool)),
    metadata: metadata === undefined ? undefined : present({ category: metadata.category, tags: metadata.tags, license: metadata.license, owner: metadata.owner, homepage: metadata.registryUrl }),
  });
}

/** Of `github.personal_access_token`: `PERSONAL_ACCESS_TOKEN`. */
function variableOf(secret: string): string {
  const key = secret.slice(secret.indexOf(".") + 1);
  return key.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_");
}

type Present<Value> = { [Key in keyof Value as undefined extends Value[Key] ? never : Key]: Value[Key] } & {
  [Key in keyof Value as undefined extends Value[Key] ? Key : never]?: Exclude<Value[Key], undefined>;
};

/** The same without the fields that are `undefined`, which strict schemas take for a value. */
export function present<Value extends object>(value: Value): Present<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Present<Value>;
}
