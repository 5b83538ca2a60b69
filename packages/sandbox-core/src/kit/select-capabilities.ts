import type { Selection, SelectionEntry } from "@sbx/contracts";
import { cleanPath } from "./declaration-keys.ts";
import { waitsForEnvironment } from "./expand-references.ts";
import { isRoot } from "./hook-command.ts";
import { missingSecret, whyNoHostCredential, type SecretFacts } from "./host-credential.ts";
import { sizeBytes } from "./kit-size.ts";
import { selectionEntry } from "./selection-record.ts";
import { whyNoRequests } from "./request-rules.ts";
import { isPlainPath, whyNoVolumeAt } from "./volume-place.ts";
import { AGENT, type WorkloadAccount } from "./workload-account.ts";
import { isWithin } from "../workspace/protected-paths.ts";
import { isCapability, type Kit, type KitCapability, type ReadCapability } from "./kit.ts";

/** What was decided of one Kit. */
export interface KitDecisions {
  readonly selected: readonly ReadCapability[];
  /** One line for each declaration that is left out. */
  readonly skipped: readonly string[];
  /** One line for each capability that is required and cannot be carried out. */
  readonly refused: readonly string[];
  /** Commands by which a person gives what required capabilities lack; none where one of them lacks something else. */
  readonly commands: readonly string[];
  /** The same as a record, in the format's words. */
  readonly record: Selection;
}

export interface SelectionFacts extends SecretFacts {
  readonly name: string;
  /** What a person named the Kit by. */
  readonly reference: string;
  /** Whose account the sandbox's programs run in. */
  readonly account: WorkloadAccount;
  /** The model service of the agent. */
  readonly service: string | undefined;
  /** Ports of the sandbox that its person publishes; unknown where Kits are looked at without one. */
  readonly publish?: readonly number[] | undefined;
  /** Paths at which its person lets Kits share a directory; unknown where Kits are looked at without one. */
  readonly share?: readonly string[] | undefined;
  /** Directories of the person's that the sandbox sees; nothing of a Kit lies over one, in one, or holds one. */
  readonly directories?: readonly string[] | undefined;
  /** Whether the Kits together have a place for skills. */
  readonly skillPlaces: boolean;
  /** Texts of the files that agent-context@1 names. */
  readonly contents: ReadonlyMap<string, string>;
  /** Types that the person gives to no Kit. */
  readonly reject?: readonly string[] | undefined;
  /** Whether there is a name and an address for commits; unknown where Kits are looked at without a sandbox. */
  readonly gitIdentity?: boolean | undefined;
  /** Whether its person gives the sandbox an SSH agent; unknown where Kits are looked at without one. */
  readonly sshAgent?: boolean | undefined;
}

/** Take of one Kit what sbx carries out. An optional declaration that it does not is left out whole and listed; what waits for the variables of a sandbox, too. */
export function selectCapabilities(kit: Kit, facts: SelectionFacts): KitDecisions {
  const selected: ReadCapability[] = [];
  const skipped: string[] = [];
  const refused: string[] = [];
  const lacking: KitCapability[] = [];
  const record: { readonly selected: SelectionEntry[]; readonly skipped: SelectionEntry[] } = { selected: [], skipped: [] };
  for (const declaration of kit.declarations) {
    const decided = declaration.members.map((member) => ({ member, why: whyRejected(member, facts) }));
    const rejected = decided.flatMap(({ member, why }) => (why === undefined ? [] : [{ member, why }]));
    const [first] = rejected;
    const entry = selectionEntry(declaration, { kit: facts.reference, whys: decided.map(({ why }) => why) });
    if (first === undefined) {
      selected.push(...declaration.members.filter((member) => member.known).map((member) => withContent(member, facts)));
      record.selected.push(entry);
      continue;
    }
    record.skipped.push(entry);
    if (declaration.optional || rejected.some(({ member }) => waits(member))) skipped.push(`${first.member.type} (${first.member.path}): ${first.why}`);
    else {
      refused.push(...rejected.map(({ member, why }) => `Kit "${facts.name}" requires ${member.type} (${member.path}), which sbx cannot carry out: ${why}`));
      lacking.push(...rejected.map(({ member }) => member));
    }
  }
  return { selected, skipped, refused, commands: commandsFor(lacking, facts), record };
}

function commandsFor(lacking: readonly KitCapability[], facts: SelectionFacts): readonly string[] {
  const commands = lacking.map((member) => (isCapability(member, "com.docker.sandbox/credential@1") && isGivable(member, facts) ? (missingSecret(member.config, facts)?.commands ?? []) : []));
  return commands.some((some) => some.length === 0) ? [] : commands.flat();
}

/** Put the text of a file in the place of its name: what is merged later comes from several directories. */
function withContent(capability: ReadCapability, { contents }: SelectionFacts): ReadCapability {
  if (!isCapability(capability, "com.docker.sandbox/agent-context@1") || capability.config.contentFile === undefined) return capability;
  return { ...capability, config: { ...capability.config, content: contents.get(capability.config.contentFile) } };
}

function waits(member: KitCapability): boolean {
  return !member.known && waitsForEnvironment(member.config);
}

function whyRejected(member: KitCapability, facts: SelectionFacts): string | undefined {
  if (facts.reject?.includes(member.type) === true) return "you gave this type to no Kit, with --reject-capability";
  if (waits(member)) return "it is read with the variables of its sandbox";
  if (!member.known) return "sbx does not know this type";
  return NOT_CARRIED_OUT[member.type] ?? whyNot(member, facts);
}

/** Why a capability whose type is known cannot be carried out as it is configured; `undefined` when it can, as those that are not named here always can. */
function whyNot(capability: ReadCapability, facts: SelectionFacts): string | undefined {
  switch (capability.type) {
    case "com.docker.sandbox/network-policy@2":
      return whyNoRequests(capability.config);
    case "com.docker.sandbox/credential@1":
      return whyNoCredential(capability, facts);
    case "com.docker.sandbox/lifecycle@1":
      return whyNoLifecycle(capability, facts);
    case "com.docker.sandbox/volume@1":
      return whyNoVolume(capability, facts);
    case "com.docker.sandbox/port@1":
      return whyNoPort(capability, facts);
    case "com.docker.sandbox/resources@1":
      return capability.config.gpu === undefined ? undefined : "GPUs are not carried out yet";
    case "com.docker.sandbox/agent-context@1":
      return whyNoContext(capability, facts);
    case "com.docker.sandbox/host-mount@1":
      return whyNoShare(capability, facts);
    default:
      return whyNoPart(capability, facts);
  }
}

/** Of what an agent is given of its person's, or of its Kits'. */
function whyNoPart(capability: ReadCapability, facts: SelectionFacts): string | undefined {
  switch (capability.type) {
    case "com.docker.sandbox/git-identity@1":
      return facts.gitIdentity === false ? NO_IDENTITY : undefined;
    case "com.docker.sandbox/ssh-agent@1":
      return facts.sshAgent === false ? NO_SSH_AGENT : undefined;
    case "com.docker.sandbox/agent-skills@1":
      return whyNoSkillPlace(capability, facts);
    case "com.docker.sandbox/agent-skill@1":
      return whyNoSkill(capability, facts);
    case "dev.sbx/agent@1":
      return whyNoAgentFile(capability, facts);
    default:
      return undefined;
  }
}

/** Types that are read and checked, but not carried out, whatever their configuration is. */
const NOT_CARRIED_OUT: Readonly<Partial<Record<ReadCapability["type"], string>>> = {
  "com.docker.sandbox/kit-registry@1": "a sandbox reaches no registry of Kits",
  "com.docker.sandbox/privileged@1": "no sandbox is privileged: it would have the machine",
  "com.docker.sandbox/usb-device@1": "no device of this machine is let in",
};

const NO_SSH_AGENT = "a Kit gets nothing of your SSH agent by itself; give it with: --ssh-agent";

const NO_IDENTITY = "git has no name and address of yours to commit with; set both: git config --global user.name NAME; git config --global user.email ADDRESS";

/** More than that is a slip, and a number that the kernel may read otherwise. */
const MOST_MEMORY = 2 ** 40;

function whyOverDirectory(path: string, { directories = [] }: SelectionFacts): string | undefined {
  const place = directories.find((one) => isWithin(path, one) || isWithin(one, path));
  return place === undefined ? undefined : `${path} would lie over your directory ${place}`;
}

function whyNoVolume({ config: { path, tmpfs, size } }: ReadCapability<"com.docker.sandbox/volume@1">, facts: SelectionFacts): string | undefined {
  const { home } = facts.account;
  if (tmpfs && isBelow(path, home)) return `volumes in memory lie outside of ${home}, which is kept`;
  const bytes = size === undefined ? 1 : sizeBytes(size);
  if (tmpfs && (bytes < 1 || bytes > MOST_MEMORY)) return "a volume in memory has at least one byte and at most 1 TiB";
  return whyNoVolumeAt(cleanPath(path), home) ?? whyOverDirectory(cleanPath(path), facts);
}

/** What listens on this machine's loopback is reached by all its programs and by web pages in its browsers: a Kit asks, its person opens. */
function whyNoPort({ config: { container, transport } }: ReadCapability<"com.docker.sandbox/port@1">, { publish }: SelectionFacts): string | undefined {
  if (transport !== "tcp") return "only TCP ports are published";
  return publish === undefined || publish.includes(container) ? undefined : `a Kit opens no port of this machine by itself; open it with: --publish ${container}`;
}

/** What one sandbox writes there the others of the Kit read: a Kit asks, its person allows. */
function whyNoShare({ config: { path } }: ReadCapability<"com.docker.sandbox/host-mount@1">, facts: SelectionFacts): string | undefined {
  const { share } = facts;
  const { home } = facts.account;
  const place = cleanPath(path);
  const why = whyNoVolumeAt(place, home) ?? whyOverDirectory(place, facts);
  if (why !== undefined) return why;
  return share === undefined || share.includes(place) ? undefined : `a Kit shares nothing among sandboxes by itself; allow it with: --share ${place}`;
}

function whyNoCredential({ config }: ReadCapability<"com.docker.sandbox/credential@1">, facts: SelectionFacts): string | undefined {
  if (config.apiKey === undefined) return "OAuth is not carried out yet";
  if (config.service === facts.service) return [config.phase].flat().includes("runtime") ? undefined : "install hooks get no credential";
  return whyNoHostCredential(config) ?? missingSecret(config, facts)?.why;
}

/** Whether a secret of its person's is all that a credential lacks. */
function isGivable({ type, config }: ReadCapability<"com.docker.sandbox/credential@1">, { service, reject }: SelectionFacts): boolean {
  return reject?.includes(type) !== true && config.apiKey !== undefined && config.service !== service && whyNoHostCredential(config) === undefined;
}

function whyNoLifecycle({ config }: ReadCapability<"com.docker.sandbox/lifecycle@1">, facts: SelectionFacts): string | undefined {
  const asStranger = config.install.find(({ user }) => user !== undefined && !isAgent(user, facts.account) && !isRoot(user));
  if (asStranger !== undefined) return `install hooks run as root or agent only, not as "${asStranger.user ?? ""}"`;
  const asOther = config.startup.find(({ user }) => user !== undefined && !isAgent(user, facts.account) && !isRoot(user));
  if (asOther !== undefined) return `startup hooks run as root or agent only, not as "${asOther.user ?? ""}"`;
  const beside = config.startup.find(({ user, background }) => background && isRoot(user ?? "agent"));
  if (beside !== undefined) return "a startup hook of root ends before the agent begins, and cannot run in the background";
  return config.files.map(({ path }) => whyNoFile(cleanPath(path), facts)).find((why) => why !== undefined);
}

/** Files are written as the agent's user: below the home, and where nothing of the system's, of sbx's or of its person's lies. */
function whyNoFile(path: string, facts: SelectionFacts): string | undefined {
  if (isBelow(path, facts.account.home)) return whyOverDirectory(path, facts);
  return path === facts.account.home ? `${path} is the home itself` : (whyNoVolumeAt(path, facts.account.home) ?? whyOverDirectory(path, facts));
}

function whyNoSkillPlace({ config: { path } }: ReadCapability<"com.docker.sandbox/agent-skills@1">, facts: SelectionFacts): string | undefined {
  const { home } = facts.account;
  return isBelow(path, home) ? (whyNoVolumeAt(cleanPath(path), home) ?? whyOverDirectory(cleanPath(path), facts)) : `skills are shown below ${home} only`;
}

/** A person's directory may lie where the home is, where the image's user has the person's name. */
function whyNoAgentFile({ config: { files, mcp } }: ReadCapability<"dev.sbx/agent@1">, facts: SelectionFacts): string | undefined {
  return [...files, ...(mcp === undefined ? [] : [mcp])].map(({ path }) => whyOverDirectory(cleanPath(`${facts.account.home}/${path}`), facts)).find((why) => why !== undefined);
}

function whyNoSkill({ config: { path } }: ReadCapability<"com.docker.sandbox/agent-skill@1">, { skillPlaces }: SelectionFacts): string | undefined {
  if (!isPlainPath(path)) return "such a path has letters, digits and . _ - + @ ~ % = only";
  return skillPlaces ? undefined : "none of the Kits has a place for skills (agent-skills@1)";
}

function whyNoContext({ config }: ReadCapability<"com.docker.sandbox/agent-context@1">, facts: SelectionFacts): string | undefined {
  const why = config.directory === undefined ? undefined : whyNoTextAt(cleanPath(`${config.directory}/${config.filename ?? ""}`), facts);
  if (why !== undefined) return why;
  const { contents } = facts;
  return config.contentFile === undefined || contents.has(config.contentFile) ? undefined : `the file ${config.contentFile} is not in the Kit's directory`;
}

function whyNoTextAt(path: string, facts: SelectionFacts): string | undefined {
  return isWithin(path, facts.account.home) ? whyOverDirectory(path, facts) : whyNoVolumeAt(path, facts.account.home);
}

function isAgent(user: string, { name }: WorkloadAccount): boolean {
  return [name, AGENT.name].some((one) => user === one || user === `${one}:${one}`) || user === "1000" || user === "1000:1000";
}

function isBelow(path: string, home: string): boolean {
  return cleanPath(path).startsWith(`${home}/`);
}
