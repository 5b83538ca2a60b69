import * as z from "zod";
import type { EntryDraft } from "./check-entry.ts";
import { present } from "./docker-entry.ts";
import { createServerInputs, variableName, type ServerInputs } from "./server-inputs.ts";
import type { Argument, ServerJson, ServerPackage, ServerRemote } from "./server-json-schema.ts";

interface Described {
  readonly server: ServerJson;
  readonly name: string;
}

/** A draft of an entry, and sentences about what it does not carry over. */
export interface PackageDraft {
  readonly draft: EntryDraft;
  readonly dropped: readonly string[];
}

/** The entry that runs one package, or the reason why there is none. */
export function packageDraft(described: Described, item: ServerPackage, type: string): PackageDraft | string {
  const transport = item.transport?.type ?? "stdio";
  if (transport !== "stdio") return `it speaks ${transport}, not over its standard streams`;
  const source = sourceOf(item, type);
  if (typeof source === "string") return source;
  const inputs = createServerInputs(described.name);
  const runtime = runtimeOf(inputs, type === "oci" ? item.runtimeArguments : []);
  const command = item.packageArguments.flatMap((argument, index) => argumentOf(inputs, argument, index));
  const env = [...runtime.env, ...item.environmentVariables.flatMap((input) => environmentOf(inputs, input.name, inputs.value(input)))];
  return {
    draft: { ...common(described), ...asked(inputs), source, command, env, volumes: runtime.volumes, ...(runtime.user === undefined ? {} : { user: runtime.user }), longLived: type !== "oci" },
    dropped: runtime.dropped,
  };
}

/** The entry that reaches one remote, or the reason why there is none. */
export function remoteDraft(described: Described, remote: ServerRemote): EntryDraft | string {
  const inputs = createServerInputs(described.name);
  const url = inputs.text(remote.url, remote.variables);
  if (inputs.secrets().length > 0) return "its address holds a secret, which every log on the way would keep";
  const headers = Object.fromEntries(remote.headers.flatMap((header) => pair(header.name, inputs.value(header))));
  return { ...common(described), ...asked(inputs), source: { kind: "remote", url, transport: remote.type === "sse" ? "sse" : "streamable-http", headers } };
}

function sourceOf({ identifier, version, fileSha256 }: ServerPackage, type: string): EntryDraft["source"] | string {
  switch (type) {
    case "oci":
      return { kind: "image", image: version === undefined || /[@:][^/]*$/.test(identifier) ? identifier : `${identifier}:${version}` };
    case "npm":
    case "pypi":
      return version === undefined ? "it has no version" : { kind: type, package: identifier, version };
    case "mcpb":
      return fileSha256 === undefined ? "the bundle has no fileSha256 by which it could be known" : { kind: "bundle", from: identifier, sha256: fileSha256.toLowerCase() };
    default:
      return `packages of the kind "${type}" are not run`;
  }
}

function common({ server, name }: Described): Pick<EntryDraft, "name" | "title" | "description" | "icon" | "oauth" | "metadata"> {
  const icon = server.icons[0]?.src;
  const oauth = publisherOAuth(server);
  return present({
    name,
    title: server.title,
    description: server.description,
    icon,
    oauth,
    metadata: present({ tags: ["community"], homepage: server.websiteUrl ?? server.repository?.url }),
  });
}

const PublisherOAuth = z.object({ providers: z.array(z.object({ provider: z.string(), secret: z.string(), env: z.string() })), scopes: z.array(z.string()).optional() });

function publisherOAuth({ _meta: meta }: ServerJson): EntryDraft["oauth"] {
  const publisher = z.object({ oauth: PublisherOAuth }).safeParse(meta?.["io.modelcontextprotocol.registry/publisher-provided"]);
  return publisher.success ? present(publisher.data.oauth) : undefined;
}

function asked(inputs: ServerInputs): Pick<EntryDraft, "secrets" | "config"> {
  return { secrets: [...inputs.secrets()], config: inputs.config() };
}

const pair = (name: string, value: string | undefined): readonly (readonly [string, string])[] => (value === undefined ? [] : [[name, value]]);

/** A secret that fills the variable of its own name needs no value beside it. */
function environmentOf(inputs: ServerInputs, name: string, value: string | undefined): NonNullable<EntryDraft["env"]> {
  const itself = inputs.secrets().some(({ env }) => env === name && value === `\${${env}}`);
  return itself || value === undefined ? [] : [{ name, value }];
}

function argumentOf(inputs: ServerInputs, argument: Argument, index: number): readonly string[] {
  const value = inputs.argument(argument, index);
  if (argument.type !== "named" || argument.name === undefined) return value === undefined ? [] : [value];
  return [value === undefined ? argument.name : `${argument.name}=${value}`];
}

interface Runtime {
  readonly user?: string;
  readonly volumes: string[];
  readonly env: { name: string; value: string }[];
  readonly dropped: readonly string[];
}

/** Of the options of `docker run` only these mean something here; no other one reaches an engine. */
const OPTIONS: Readonly<Record<string, (value: string) => Partial<Pick<Runtime, "user" | "volumes" | "env">>>> = {
  "-u": (user) => ({ user }),
  "--user": (user) => ({ user }),
  "-v": (volume) => ({ volumes: [volume] }),
  "--volume": (volume) => ({ volumes: [volume] }),
  "--mount": (mount) => ({ volumes: mountOf(mount) }),
  "-e": (variable) => ({ env: variableOf(variable) }),
  "--env": (variable) => ({ env: variableOf(variable) }),
};

function runtimeOf(inputs: ServerInputs, options: readonly Argument[]): Runtime {
  const runtimes = options.map((option, index): Partial<Runtime> => {
    const name = option.name ?? "";
    const carry = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    const value = carry === undefined || (option.value ?? option.default) === undefined ? undefined : inputs.argument(option, index);
    if (carry !== undefined && value !== undefined) return carry(value);
    return HARMLESS.has(name) ? {} : { dropped: [`the option "${name === "" ? (option.value ?? "") : name}" of the container is not carried over`] };
  });
  const user = runtimes.findLast((runtime) => runtime.user !== undefined)?.user;
  return {
    ...(user === undefined ? {} : { user }),
    volumes: runtimes.flatMap(({ volumes = [] }) => volumes),
    env: runtimes.flatMap(({ env = [] }) => env),
    dropped: runtimes.flatMap(({ dropped = [] }) => dropped),
  };
}

/** Options that every server's container has anyway. */
const HARMLESS = new Set(["-i", "--rm", "--init", "--interactive"]);

function variableOf(value: string): { name: string; value: string }[] {
  const at = value.indexOf("=");
  return at < 1 ? [] : [{ name: variableName(value.slice(0, at)), value: value.slice(at + 1) }];
}

function mountOf(value: string): string[] {
  const parts = new Map(value.split(",").map((part) => [part.split("=", 1)[0] ?? "", part.slice(part.indexOf("=") + 1)]));
  const source = parts.get("src") ?? parts.get("source");
  const target = parts.get("dst") ?? parts.get("target") ?? parts.get("destination");
  if (source === undefined || target === undefined) return [];
  return [`${source}:${target}${parts.has("readonly") || parts.has("ro") ? ":ro" : ""}`];
}
