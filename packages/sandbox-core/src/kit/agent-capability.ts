import * as z from "zod";
import { EnvName, HostPatternText, Mode } from "./kit-text.ts";
import { strictShape } from "./strict-shape.ts";
import { checkTemplate, checkTemplateFile } from "./template.ts";

/** Name of our own capability. It is optional for every Kit, and other runtimes skip it. */
export const AGENT_CAPABILITY = "dev.sbx/agent@1";

const Words = z.array(z.string().max(1000)).max(50);

/** A text in which `${workspace}`, `${placeholder}`, `${placeholder.last20}`, `${modelUrl}` and `${mcpUrl}` are filled in; no other name. */
const Template = z
  .string()
  .max(64 * 1024)
  .superRefine((text, context) => {
    const problem = checkTemplate(text);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

/** Relative to the home, without `..`: a Kit writes into its own home only. */
const HomePath = z
  .string()
  .max(1000)
  .regex(/^(?!\/)(?!(?:.*\/)?\.{1,2}(?:\/|$))[^\0]*[^/\0]$/, "a path below the home, without . and .. in it");

const SeededFile = strictShape({
  path: HomePath,
  /** Values are filled in as strings of JSON (`.json`) or TOML (`.toml`) by the path's ending, and as they are elsewhere. */
  content: z.string().max(256 * 1024),
  mode: Mode.default("600"),
  /** Whether a file that is there already is replaced at a start. */
  overwrite: z.boolean().default(false),
}).superRefine(({ path, content }, context) => {
  const problem = checkTemplateFile(path, content);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem, path: ["content"] });
});

/**
 * What the open format lacks, for one agent. It grants nothing: hosts, credentials and storage stay in the standard
 * capabilities.
 */
export const AgentConfig = strictShape({
  launch: strictShape({
    /** Words between the image's ENTRYPOINT and the person's own arguments, on a terminal. */
    interactive: Words.default([]),
    /** The same without a terminal. */
    headless: Words.default([]),
    /** Commands of the program's own: where the first argument is one, its words follow it and those above are left out. */
    verbs: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/, "a command's name"), Words).default({}),
  }).prefault({}),
  /** The provider that it speaks to, through sbx's model service. The key comes from the credential@1 of the same service. */
  model: strictShape({
    service: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "a service's name"),
    /** Variable that points the agent at the model service, where a file does not. */
    baseUrl: strictShape({ env: EnvName, value: Template }).optional(),
  }).optional(),
  /** Further variables, for all programs in the sandbox. */
  env: z.record(EnvName, Template).default({}),
  /** Files in the home, written at a start of the sandbox. */
  files: z.array(SeededFile).max(50).default([]),
  /** The file (JSON or TOML) in which the agent keeps its MCP servers, the keys that lead to them, and what an entry for sbx's gateway looks like; `${mcpUrl}` is filled in. */
  mcp: strictShape({
    path: HomePath.regex(/\.(?:json|toml)$/, "a file that ends in .json or .toml"),
    keys: z.array(z.string().min(1)).min(1).max(8),
    entry: z.record(z.string(), z.json()),
  }).optional(),
  /** Paths of the workspace that stay read-only because the agent's program on the host runs what they say; directories end in a slash. */
  protect: z.array(z.string().min(1).max(500)).max(50).default([]),
  /** Hosts of telemetry and updates: denied, whatever else is allowed. */
  telemetryHosts: z.array(HostPatternText).max(50).default([]),
  /** Names of programs that the agent leaves running, which do not keep a session alive. */
  leavesRunning: z.array(z.string().min(1).max(100)).max(20).default([]),
});
export type AgentConfig = z.output<typeof AgentConfig>;
