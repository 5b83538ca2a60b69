/** What the suite asks of the adapter, as it stands on the command line. */
export type AdapterCall =
  | { readonly verb: "capabilities" }
  | { readonly verb: "create"; readonly references: readonly string[]; readonly wishes: CreateWishes }
  | { readonly verb: "exec"; readonly id: string; readonly command: readonly string[] }
  | { readonly verb: "recreate"; readonly id: string; readonly references: readonly string[]; readonly args: Readonly<Record<string, string>> }
  | { readonly verb: "stop" | "start" | "rm" | "volume-paths" | "wait-idle" | "status"; readonly id: string };

/** What a sandbox is to be made with beside its Kits. */
export interface CreateWishes {
  readonly name?: string;
  readonly args: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** The host's side of how skills are shown. */
  readonly skills: "off" | "readonly" | "readwrite";
  /** Words of the contract for which sbx has nothing, as they were given. */
  readonly others: readonly string[];
}

const OF_ONE = ["stop", "start", "rm", "volume-paths", "wait-idle", "status"] as const;

/** Read a call of the contract; a text says why it is none. Flags follow the references, as the suite gives them. */
export function readCall([verb = "", ...words]: readonly string[]): AdapterCall | string {
  const one = OF_ONE.find((known) => known === verb);
  if (one !== undefined) return words.length === 1 && words[0] !== undefined ? { verb: one, id: words[0] } : `${verb} takes the id of a sandbox`;
  switch (verb) {
    case "capabilities":
      return words.length === 0 ? { verb } : "capabilities takes nothing";
    case "exec":
      return readExec(words);
    case "create":
    case "recreate":
      return readMaking(verb, words);
    default:
      return `the verb "${verb}" is none that this adapter carries out`;
  }
}

function readExec([id, dashes, ...command]: readonly string[]): AdapterCall | string {
  return id !== undefined && dashes === "--" && command.length > 0 ? { verb: "exec", id, command } : "exec takes an id, two dashes and a command";
}

function readMaking(verb: "create" | "recreate", words: readonly string[]): AdapterCall | string {
  const end = words.findIndex((word) => word.startsWith("--"));
  const references = end === -1 ? words : words.slice(0, end);
  const flags = readFlags(end === -1 ? [] : words.slice(end));
  if (typeof flags === "string") return flags;
  if (verb === "create") return references.length > 0 ? { verb, references, wishes: flags } : "create takes at least one Kit";
  const [id, ...others] = references;
  if (flags.name !== undefined || Object.keys(flags.env).length > 0 || flags.skills !== "readwrite" || flags.others.length > 0) return "recreate takes no flag but --arg";
  return id === undefined ? "recreate takes the id of a sandbox" : { verb, id, references: others, args: flags.args };
}

function readFlags(words: readonly string[]): CreateWishes | string {
  let name: string | undefined;
  const [args, env] = [new Map<string, string>(), new Map<string, string>()];
  // The contract's own default is the most that a host can give.
  let skills: CreateWishes["skills"] = "readwrite";
  const others: string[] = [];
  for (let at = 0; at < words.length; at += 2) {
    const [flag = "", value] = words.slice(at, at + 2);
    const wrong = whyNoFlag(flag, value);
    if (wrong !== undefined || value === undefined) return wrong ?? flag;
    if (flag === "--name") name = value;
    else if (flag === "--skills-host-mode") skills = value === "off" ? "off" : "readonly";
    else if (flag === "--arg") args.set(...pairOf(value));
    else if (flag === "--env") env.set(...pairOf(value));
    else others.push(flag, value);
  }
  return { ...(name === undefined ? {} : { name }), args: Object.fromEntries(args), env: Object.fromEntries(env), skills, others };
}

function whyNoFlag(flag: string, value: string | undefined): string | undefined {
  if (!flag.startsWith("--") || value === undefined) return `"${flag}" is no flag with its value`;
  if (flag === "--skills-host-mode" && value !== "off" && value !== "readonly") return `${flag} takes off or readonly`;
  return (flag === "--arg" || flag === "--env") && value.indexOf("=") < 1 ? `${flag} takes NAME=VALUE` : undefined;
}

function pairOf(value: string): readonly [string, string] {
  const equals = value.indexOf("=");
  return [value.slice(0, equals), value.slice(equals + 1)];
}
