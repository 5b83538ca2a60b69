import { InvalidArgumentError } from "@commander-js/extra-typings";
import type { Sandbox } from "@sbx/contracts";

type Labels = Readonly<Record<string, string>>;

/** Repeated labels, gathered: `KEY=VALUE`, or `KEY` for one without a value. */
export function collectLabel(text: string, before: Labels): Labels {
  const [, key, value = ""] = /^([a-z0-9][a-z0-9._/-]{0,62})(?:=([^\n]{0,255}))?$/i.exec(text) ?? [];
  if (key === undefined) throw new InvalidArgumentError("write a label as KEY=VALUE; a key has letters, digits, dots, dashes and slashes.");
  return { ...before, [key]: value };
}

/** Tells which sandboxes a listing shows. */
export type SandboxFilter = (sandbox: Sandbox) => boolean;

/** Repeated filters, gathered: `label=KEY[=VALUE]`, `name=PART`, `agent=NAME`, `status=running|stopped`, `workspace=PATH`. */
export function collectFilter(text: string, before: readonly SandboxFilter[]): readonly SandboxFilter[] {
  const [, key, value = ""] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  return [...before, filterOf(key, value)];
}

function filterOf(key: string | undefined, value: string): SandboxFilter {
  switch (key) {
    case "label": {
      const [name = "", ...rest] = value.split("=");
      return ({ labels }) => Object.hasOwn(labels, name) && (rest.length === 0 || labels[name] === rest.join("="));
    }
    case "name":
      return ({ name }) => name.includes(value);
    case "agent":
      return ({ agent }) => agent === value;
    case "status":
      return ({ state }) => state.phase === value;
    case "workspace":
      return ({ workspace }) => workspace === value;
    default:
      throw new InvalidArgumentError("filter by label=KEY[=VALUE], name=PART, agent=NAME, status=running or workspace=PATH.");
  }
}
