import { realpath } from "node:fs/promises";
import { ruleSubject, type AgentView, type KitView } from "@sbx/contracts";
import { AGENT, composeProfile, credentialView, type AgentProfile, type EngineId, type KitPart, type WantedProfile } from "@sbx/core";
import type { BrokenKit, FoundKit, FoundMixin, KitSelection, KitStore } from "@sbx/kits";

/** The agents that a person can name, and what is shown of them. */
export interface AgentDirectory {
  /** Its directories are where the Kits really lie. */
  profile(wanted: WantedProfile): Promise<AgentProfile>;
  list(): Promise<AgentView[]>;
  /** Images of the agents that have a name and were built. */
  images(): Promise<readonly EngineId[]>;
  show(agent: string): Promise<AgentView>;
  /** What Kits come to together. */
  compose(wanted: KitSelection): Promise<AgentView>;
}

/** What an agent directory needs of the rest of the daemon. */
export interface AgentDirectoryParts {
  readonly kits: KitStore;
  /** Gives an agent's image, if it is there already. */
  readonly imageOf: (profile: AgentProfile) => Promise<EngineId | undefined>;
  /** The hosts that the person bound a secret to. @throws AppError `VAULT_LOCKED`, `CONFIG_INVALID` */
  readonly secretHosts: (name: string) => Promise<readonly string[]>;
}

export function createAgentDirectory({ kits, imageOf, secretHosts }: AgentDirectoryParts): AgentDirectory {
  const view = async ({ profile, source }: FoundKit): Promise<AgentView> => ({
    name: profile.name,
    displayName: profile.displayName,
    description: profile.description,
    source,
    kind: "workload",
    ...(profile.version === undefined ? {} : { version: profile.version }),
    ...(profile.service === undefined ? {} : { service: profile.service }),
    ...(profile.account === AGENT.name ? {} : { account: profile.account }),
    allow: [...profile.allow],
    installAllow: profile.installRules.filter(({ effect }) => effect === "allow").map(ruleSubject),
    installsAsRoot: profile.hooks.install.some(({ user }) => user === "root"),
    startsAsRoot: profile.hooks.startup.some(({ user }) => user === "root"),
    skills: profile.skills.places.map(({ path, writable }) => `${path}${writable ? " (writable with --skills readwrite)" : ""}`),
    shares: profile.shares.map(({ path }) => path),
    credentials: profile.credentials.map(credentialView),
    acp: profile.acp.map(({ agent }) => agent),
    ssh: sshTexts(profile.ssh),
    interactive: [...profile.launch("interactive", [])],
    headless: [...profile.launch("headless", [])],
    skipped: [...profile.skipped],
    kits: profile.kits.map(kitView),
    built: (await imageOf(profile).catch(() => undefined)) !== undefined,
  });
  const compose = async (wanted: KitSelection): Promise<AgentView> => view(await kits.load(wanted));
  return {
    profile: async ({ agent, kits: mixins, args, given, env, workspace, extra, publish, share = [], reject, identified, sshAgent, grantedSecrets }) => {
      const { profile } = await kits.load({
        agent,
        kits: mixins,
        args,
        env: { WORKSPACE_DIR: workspace, ...env },
        publish: publish.map(({ port }) => port),
        share,
        ...(grantedSecrets === undefined ? { secretHosts } : { grantedSecrets }),
        directories: [workspace, ...extra.map((one) => one.path)],
        sshAgent: sshAgent !== undefined,
        ...(given === undefined ? {} : { given }),
        ...(reject === undefined ? {} : { reject }),
        ...(identified === undefined ? {} : { gitIdentity: identified }),
      });
      const [directory, layers, parts, shares] = await Promise.all([
        realpath(profile.directory),
        Promise.all(profile.layers.map(settled)),
        Promise.all(profile.kits.map(settled)),
        Promise.all(profile.shares.map(settled)),
      ]);
      return { ...profile, directory, layers, kits: parts, shares };
    },
    async list() {
      const { kits: found, mixins, broken } = await kits.list();
      return [...(await Promise.all(found.map(view))), ...mixins.map(mixinView), ...broken.map(brokenView)];
    },
    async images() {
      const { kits: found } = await kits.list();
      return (await Promise.all(found.map(({ profile }) => imageOf(profile).catch(() => undefined)))).filter((image) => image !== undefined);
    },
    show: async (agent) => {
      const found = await kits.read(agent);
      return found.member.kit.descriptor.kind === "mixin" ? mixinView(found) : view({ profile: composeProfile([found.member]), source: found.source });
    },
    compose,
  };
}

async function settled<Part extends { readonly directory: string }>(part: Part): Promise<Part> {
  return { ...part, directory: await realpath(part.directory) };
}

/** In each phase that is granted, what may be signed. */
function sshTexts(grants: AgentProfile["ssh"]): string[] {
  return (["install", "runtime"] as const).flatMap((phase) => {
    const grant = grants[phase];
    if (grant === undefined) return [];
    const purposes = grant.unrestricted ? ["any signature and login"] : [...grant.sign.map((name) => `signatures for ${name}`), ...grant.authenticate.map((login) => `logins to ${login}`)];
    return [`${phase}: ${purposes.join(", ")}`];
  });
}

function kitView({ name, kind, directory, version }: KitPart): KitView {
  return { name, kind, directory, ...(version === undefined ? {} : { version }) };
}

const NOTHING = {
  allow: [],
  installAllow: [],
  installsAsRoot: false,
  startsAsRoot: false,
  skills: [],
  shares: [],
  credentials: [],
  acp: [],
  ssh: [],
  interactive: [],
  headless: [],
  skipped: [],
  kits: [],
  built: false,
};

/** A mixin alone: whether it goes with an agent is told by composing them. */
function mixinView({ member: { name, kit, directory }, source }: FoundMixin): AgentView {
  const { displayName = name, description = "", version } = kit.descriptor;
  const part: KitPart = { reference: name, name, kind: "mixin", directory, ...(version === undefined ? {} : { version }) };
  return { ...NOTHING, name, displayName, description: description.trim(), source, kind: "mixin", ...(version === undefined ? {} : { version }), kits: [kitView(part)] };
}

function brokenView({ name, source, problem }: BrokenKit): AgentView {
  return { ...NOTHING, name, displayName: name, description: "", source, kind: "workload", problem: problem.message };
}
