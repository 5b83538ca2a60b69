/** What the suite asks of the adapter, as it stands on the command line. */
export type AdapterCall =
  | { readonly verb: "capabilities" }
  | { readonly verb: "create"; readonly references: readonly string[]; readonly wishes: CreateWishes }
  | { readonly verb: "exec"; readonly id: string; readonly command: readonly string[] }
  | { readonly verb: "recreate"; readonly id: string; readonly references: readonly string[]; readonly args: Readonly<Record<string, string>> }
  | { readonly verb: "selection-policy"; readonly id: string; readonly reject: readonly string[] }
  | { [Verb in OfOne]: { readonly verb: Verb; readonly id: string } }[OfOne];

type OfOne = (typeof OF_ONE)[number];

/** What a sandbox is to be made with beside its Kits. */
export interface CreateWishes {
  readonly name?: string;
  readonly args: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** The host's side of how skills are shown. */
  readonly skills: "off" | "readonly" | "readwrite";
  /** A store of skills that is not there, or in which nothing is, in place of the seeded one. */
  readonly store?: "missing" | "empty";
  /** Where name and address for commits are from; `off` for nowhere. */
  readonly gitIdentity?: string;
  /** Types that no Kit gets. */
  readonly reject: readonly string[];
  /** Socket of the SSH agent that the host has, and the file of hosts' keys that it knows. */
  readonly sshAgent?: { readonly socket: string; readonly knownHosts?: string };
}

const OF_ONE = ["stop", "start", "rm", "selection", "volume-paths", "wait-idle", "status"] as const;

/** Read a call of the contract; a text says why it is none. Flags follow the references, as the suite gives them. */
export function readCall([verb = "", ...words]: readonly string[]): AdapterCall | string {
  const one = OF_ONE.find((known) => known === verb);
  if (one !== undefined) return words.length === 1 && words[0] !== undefined ? { verb: one, id: words[0] } : `${verb} takes the id of a sandbox`;
  switch (verb) {
    case "capabilities":
      return words.length === 0 ? { verb } : "capabilities takes nothing";
    case "exec":
      return readExec(words);
    case "selection-policy":
      return readPolicy(words);
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

function readPolicy([id, ...words]: readonly string[]): AdapterCall | string {
  const flags = readFlags(words);
  if (typeof flags === "string") return flags;
  if (words.some((word, index) => index % 2 === 0 && word !== "--reject-capability")) return "selection-policy takes no flag but --reject-capability";
  return id === undefined || id.startsWith("--") ? "selection-policy takes the id of a sandbox" : { verb: "selection-policy", id, reject: flags.reject };
}

function readMaking(verb: "create" | "recreate", words: readonly string[]): AdapterCall | string {
  const end = words.findIndex((word) => word.startsWith("--"));
  const references = end === -1 ? words : words.slice(0, end);
  const own = end === -1 ? [] : words.slice(end);
  const flags = readFlags(own);
  if (typeof flags === "string") return flags;
  if (verb === "create") return references.length > 0 ? { verb, references, wishes: flags } : "create takes at least one Kit";
  const [id, ...others] = references;
  if (own.some((word, index) => index % 2 === 0 && word !== "--arg")) return "recreate takes no flag but --arg";
  return id === undefined ? "recreate takes the id of a sandbox" : { verb, id, references: others, args: flags.args };
}

const ONCE: ReadonlySet<string> = new Set(["--name", "--git-identity-config", "--skills-host-mode", "--skills-host-store", "--ssh-agent", "--ssh-known-hosts"]);

function readFlags(words: readonly string[]): CreateWishes | string {
  const one = new Map<string, string>();
  const [args, env] = [new Map<string, string>(), new Map<string, string>()];
  const reject: string[] = [];
  for (let at = 0; at < words.length; at += 2) {
    const [flag = "", value] = words.slice(at, at + 2);
    const wrong = whyNoFlag(flag, value);
    if (wrong !== undefined || value === undefined) return wrong ?? flag;
    if (flag === "--arg") args.set(...pairOf(value));
    else if (flag === "--env") env.set(...pairOf(value));
    else if (flag === "--reject-capability") reject.push(value);
    else if (one.has(flag)) return `${flag} is given once`;
    else one.set(flag, value);
  }
  return { ...wishesOf(one), args: Object.fromEntries(args), env: Object.fromEntries(env), reject };
}

function wishesOf(one: ReadonlyMap<string, string>): Omit<CreateWishes, "args" | "env" | "reject"> {
  const [name, mode, store, gitIdentity] = [one.get("--name"), one.get("--skills-host-mode"), one.get("--skills-host-store"), one.get("--git-identity-config")];
  const [socket, knownHosts] = [one.get("--ssh-agent"), one.get("--ssh-known-hosts")];
  return {
    ...(name === undefined ? {} : { name }),
    // The contract's own default is the most that a host can give.
    skills: mode === undefined ? "readwrite" : mode === "off" ? "off" : "readonly",
    ...(store === "missing" || store === "empty" ? { store } : {}),
    ...(gitIdentity === undefined ? {} : { gitIdentity }),
    // Keys of hosts alone are nobody's: without an agent nothing logs in.
    ...(socket === undefined ? {} : { sshAgent: { socket, ...(knownHosts === undefined ? {} : { knownHosts }) } }),
  };
}

const CHOICES: Readonly<Record<string, RegExp>> = {
  "--arg": /^[^=]+=/,
  "--env": /^[^=]+=/,
  "--skills-host-mode": /^(?:off|readonly)$/,
  "--skills-host-store": /^(?:missing|empty)$/,
  "--git-identity-config": /^(?:off$|\/)/,
  "--ssh-agent": /^\//,
  "--ssh-known-hosts": /^\//,
};

function whyNoFlag(flag: string, value: string | undefined): string | undefined {
  if (!flag.startsWith("--") || value === undefined) return `"${flag}" is no flag with its value`;
  if (!ONCE.has(flag) && !["--arg", "--env", "--reject-capability"].includes(flag)) return `${flag} is no flag of the contract`;
  return CHOICES[flag]?.test(value) === false ? `${flag} does not take "${value}"` : undefined;
}

function pairOf(value: string): readonly [string, string] {
  const equals = value.indexOf("=");
  return [value.slice(0, equals), value.slice(equals + 1)];
}
