import { AppError } from "@sbx/contracts";
import { stringify } from "yaml";
import type * as z from "zod";
import { AGENT_CAPABILITY, type AgentConfig } from "../kit/agent-capability.ts";
import { parseKit } from "../kit/parse-kit.ts";
import { resolveProfile } from "../kit/resolve-profile.ts";
import type { KitText } from "../client/write-kit.ts";

const NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;
const MAX_NAME = 64;
const STANDARD = "com.docker.sandbox";

/** A profile of an agent as a value: what {@link defineAgent} turns into a Kit of sandbox-kit-spec v3. */
export interface AgentDefinition {
  /** Lower-case letters and digits with single dots, dashes or underscores between them. */
  readonly name: string;
  readonly displayName?: string;
  readonly description?: string;
  /**
   * The recipe of its image. `ARG SBX_BASE` and `FROM ${SBX_BASE}` start from the base image, which has a shell, git, Node and
   * Python; it ends as `USER agent`. Without it that base image is taken.
   */
  readonly dockerfile?: string;
  /** Hosts that it may reach, such as `api.example.org:443` or `*.example.org`. */
  readonly allow?: readonly string[];
  /** Hosts that it may not reach, whatever else is allowed. */
  readonly deny?: readonly string[];
  readonly resources?: { readonly cpus?: number; readonly memory?: string };
  /** Commands inside: `install` once, `startup` at every start. A text is for the shell. */
  readonly hooks?: { readonly install?: readonly (string | readonly string[])[]; readonly startup?: readonly (string | readonly string[])[] };
  /** How it is launched, which model service it speaks to, and what stands in its home; as in the capability `dev.sbx/agent@1`. */
  readonly agent?: z.input<typeof AgentConfig>;
  /** Further capabilities of the format, as a Kit lists them. */
  readonly capabilities?: readonly { readonly type: string; readonly optional?: boolean; readonly name?: string; readonly config?: z.core.util.JSONType }[];
}

/** A Kit that was checked: give it as `agent` when a sandbox is created. */
export interface DefinedAgent extends KitText {
  readonly kind: "defined-agent";
}

/**
 * Turn a profile into a Kit, and check it as the daemon will.
 *
 * @throws AppError `KIT_INVALID`, `KIT_UNSUPPORTED`
 */
export function defineAgent(definition: AgentDefinition): DefinedAgent {
  const { name } = definition;
  if (!NAME.test(name) || name.length > MAX_NAME)
    throw new AppError("KIT_INVALID", {
      message: `"${name.slice(0, 100)}" cannot name an agent`,
      fix: "Use at most 64 lower-case letters and digits, with single dots, dashes or underscores between them.",
    });
  const dockerfile = definition.dockerfile ?? 'ARG SBX_BASE\nFROM ${SBX_BASE}\nUSER agent\nCMD ["/bin/bash", "-l"]\n';
  const descriptor = stringify(descriptorOf(definition), { aliasDuplicateObjects: false });
  resolveProfile(parseKit(descriptor, { file: `${name}/kit.yaml` }), { name, directory: `/${name}`, dockerfile, contents: new Map() });
  return { kind: "defined-agent", name, files: { "kit.yaml": descriptor, "kit.dockerfile": dockerfile } };
}

function descriptorOf(definition: AgentDefinition): unknown {
  const { name, displayName, description } = definition;
  return { schemaVersion: "3", kind: "workload", displayName: displayName ?? name, ...(description === undefined ? {} : { description }), capabilities: capabilitiesOf(definition) };
}

function capabilitiesOf({ allow = [], deny = [], resources, hooks = {}, agent, capabilities = [] }: AgentDefinition): readonly unknown[] {
  return [...networkOf(allow, deny), ...resourcesOf(resources), ...lifecycleOf(hooks), ...(agent === undefined ? [] : [{ type: AGENT_CAPABILITY, optional: true, config: agent }]), ...capabilities];
}

function networkOf(allow: readonly string[], deny: readonly string[]): readonly unknown[] {
  return allow.length + deny.length === 0 ? [] : [{ type: `${STANDARD}/network-policy@1`, config: { runtime: { allow, deny } } }];
}

function resourcesOf(resources: AgentDefinition["resources"]): readonly unknown[] {
  if (resources === undefined) return [];
  const { cpus, memory } = resources;
  return [{ type: `${STANDARD}/resources@1`, config: { ...(cpus === undefined ? {} : { cpu: cpus }), ...(memory === undefined ? {} : { memory }) } }];
}

function lifecycleOf({ install = [], startup = [] }: NonNullable<AgentDefinition["hooks"]>): readonly unknown[] {
  if (install.length + startup.length === 0) return [];
  const commands = (texts: readonly (string | readonly string[])[]): readonly unknown[] => texts.map((command) => ({ command }));
  return [{ type: `${STANDARD}/lifecycle@1`, config: { install: commands(install), startup: commands(startup) } }];
}
