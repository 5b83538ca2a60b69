import { AppError } from "@sbx/contracts";
import { modelServiceOf } from "@sbx/secret-injector";
import { accountVariables } from "./account-variables.ts";
import { credentialClashes, hostCredentials, type SecretFacts } from "./host-credential.ts";
import { isCapability, type ReadCapability } from "./kit.ts";
import type { ProvidedName } from "./kit-names.ts";
import type { KitMember } from "./kit-member.ts";
import { mergeCapabilities, type KitSelection } from "./merge-capabilities.ts";
import { recipeEnvironment } from "./recipe-environment.ts";
import { resolveKits } from "./resolve-kits.ts";
import { selectCapabilities } from "./select-capabilities.ts";
import { workloadAccount, type WorkloadAccount } from "./workload-account.ts";

/** What Kits are composed with beside themselves. */
export interface CompositionFacts extends SecretFacts {
  /** Whose account its programs run in. */
  readonly account: WorkloadAccount;
  /** Ports of the sandbox that its person publishes; without a sandbox, those that Kits ask for are taken as published. */
  readonly publish?: readonly number[] | undefined;
  /** Paths at which its person lets Kits share a directory; without a sandbox, those that Kits ask for are taken as allowed. */
  readonly share?: readonly string[] | undefined;
  /** Directories of the person's that the sandbox sees. */
  readonly directories?: readonly string[] | undefined;
  /** Types that its person gives to no Kit. */
  readonly reject?: readonly string[] | undefined;
  /** Whether there is a name and an address for commits; without a sandbox, what Kits ask for is taken as there. */
  readonly gitIdentity?: boolean | undefined;
  /** Whether its person gives the sandbox an SSH agent; without a sandbox, what Kits ask for is taken as given. */
  readonly sshAgent?: boolean | undefined;
  /** Names of the arguments that a person gave: each must be declared by one of the Kits. */
  readonly given?: readonly string[];
  /** Variables that the sandbox gets beside those of its image and its arguments; they win. Without them, what needs one is left out. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Several Kits as one: the effective descriptor. */
export interface Composition {
  readonly workload: KitMember;
  /** In the order in which hooks run and declarations count. */
  readonly order: readonly KitMember[];
  /** The workload first: the order in which their files come to lie on each other. */
  readonly layers: readonly KitMember[];
  readonly selections: readonly KitSelection[];
  /** Everything that was taken, merged. */
  readonly effective: readonly ReadCapability[];
  readonly provides: readonly ProvidedName[];
  /** Variables that arguments export. */
  readonly argEnv: Readonly<Record<string, string>>;
  /** The same with those of images. */
  readonly variables: Readonly<Record<string, string>>;
  /** One line for each optional declaration that is left out, with its Kit where there are several. */
  readonly skipped: readonly string[];
}

/**
 * Make one of several Kits: resolve their names, take what sbx carries out, merge it. Pure: nothing was made when it refuses.
 *
 * @throws AppError `KIT_CONFLICT` for Kits that do not go together, `KIT_UNSUPPORTED` where all that is wrong is what one of
 * them requires and sbx lacks; both say everything that is wrong. `KIT_INVALID` for a variable or argument that is missing.
 */
export function composeKits(members: readonly KitMember[], facts: CompositionFacts): Composition {
  const environment = environmentOf(members);
  const read = withVariables(members, facts);
  const { workload, order, provides, problems } = resolveKits(read);
  const service = workload === undefined ? undefined : serviceOf(workload);
  const select = (skillPlaces: boolean) =>
    order.map((member) => ({ member, ...selectCapabilities(member.kit, { ...facts, skillPlaces, service, name: member.name, reference: member.reference, contents: member.contents }) }));
  // Whether there is a place for skills is known when it is known what is taken; a skill itself makes none.
  const selections = select(hasSkillPlace(select(true)));
  const { merged, problems: clashes } = mergeCapabilities(selections);
  const conflicts = [
    ...problems,
    ...environment.problems,
    ...argumentProblems(read, facts.given ?? []),
    ...clashes,
    ...credentialClashes(hostCredentials(merged, service), modelVariable(merged, service)),
  ];
  refuse(conflicts, selections);
  if (workload === undefined) throw new Error("Kits without a workload passed");
  return {
    workload,
    order,
    layers: [workload, ...order.filter((member) => member !== workload)],
    selections,
    effective: merged,
    provides,
    argEnv: environment.exported,
    variables: environment.variables,
    skipped: selections.flatMap(({ member, skipped }) => skipped.map((text) => (order.length === 1 ? text : `${member.name}: ${text}`))),
  };
}

function hasSkillPlace(selections: readonly KitSelection[]): boolean {
  return selections.some(({ selected }) => selected.some(({ type }) => type === "com.docker.sandbox/agent-skills@1"));
}

/** Names of the secrets that Kits want put on at hosts: what their person bound each to decides whether they are taken. @throws AppError `KIT_INVALID` */
export function wantedSecrets(members: readonly KitMember[], env: CompositionFacts["env"]): readonly string[] {
  const all = withVariables(members, { env, account: workloadAccount(members) }).flatMap(({ kit }) => kit.declarations.flatMap((declaration) => declaration.members));
  return [...new Set(all.filter((one) => isCapability(one, "com.docker.sandbox/credential@1")).map(({ config }) => config.service))].filter((service) => modelServiceOf(service) === undefined);
}

function withVariables(members: readonly KitMember[], { env, account }: Pick<CompositionFacts, "env" | "account">): readonly KitMember[] {
  if (env === undefined) return members;
  const { variables } = environmentOf(members);
  return members.map((member) => ({ ...member, kit: member.withEnv({ ...accountVariables(account), ...variables, ...env }) }));
}

function modelVariable(effective: readonly ReadCapability[], service: string | undefined): string | undefined {
  return effective.filter((one) => isCapability(one, "com.docker.sandbox/credential@1")).find(({ config }) => config.service === service)?.config.apiKey?.name;
}

function refuse(conflicts: readonly string[], selections: readonly KitSelection[]): void {
  const refused = selections.flatMap((selection) => selection.refused);
  const problems = [...conflicts, ...refused];
  if (conflicts.length > 0)
    throw new AppError("KIT_CONFLICT", {
      message: `The Kits do not go together: ${problems.join("; ")}`,
      fix: "Take out or replace one of them; what a Kit needs: sbx kit inspect DIRECTORY",
      details: { problems },
    });
  if (refused.length > 0)
    throw new AppError("KIT_UNSUPPORTED", {
      message: refused.join("; "),
      fix: fixFor(selections),
      details: { problems },
    });
}

function fixFor(selections: readonly KitSelection[]): string {
  const lacking = selections.filter(({ refused }) => refused.length > 0);
  if (lacking.every(({ commands }) => commands.length > 0)) return [...new Set(lacking.flatMap(({ commands }) => commands))].join("; ");
  return "Mark it with optional: true if the agent works without it, or choose another agent: sbx agents ls";
}

function serviceOf({ kit }: KitMember): string | undefined {
  const all = kit.declarations.flatMap((declaration) => declaration.members).filter((one) => isCapability(one, "dev.sbx/agent@1"));
  return all.find(({ config }) => config.model !== undefined)?.config.model?.service;
}

function argumentProblems(members: readonly KitMember[], given: readonly string[]): readonly string[] {
  const declared = new Set(members.flatMap(({ kit }) => Object.keys(kit.descriptor.args)));
  return [
    ...given.filter((name) => !declared.has(name)).map((name) => `no Kit has an argument "${name}"${declared.size === 0 ? "" : `; there are ${[...declared].join(", ")}`}`),
    ...members.flatMap(({ name, kit }) => kit.lacksArgs.map((arg) => `"${name}" needs a value: --arg ${arg}=VALUE`)),
  ];
}

/** Variables of all images and arguments; what two Kits set differently is a problem, but for PATH, which a build extends. */
function environmentOf(members: readonly KitMember[]): { readonly variables: Record<string, string>; readonly exported: Record<string, string>; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const collect = (what: string, of: (member: KitMember) => Readonly<Record<string, string>>): Record<string, string> => {
    const found = new Map<string, { readonly value: string; readonly from: string }>();
    for (const member of members) {
      for (const [name, value] of Object.entries(of(member))) {
        const there = found.get(name);
        if (there !== undefined && there.value !== value && name !== "PATH") problems.push(`"${there.from}" and "${member.name}" set the variable ${name} differently by ${what}`);
        found.set(name, there ?? { value, from: member.name });
      }
    }
    return Object.fromEntries([...found].map(([name, { value }]) => [name, value]));
  };
  const images = collect("their images", ({ name, kit, dockerfile }) => recipeEnvironment(name, kit.descriptor.build ?? dockerfile ?? ""));
  const exported = collect("their arguments", ({ kit }) => kit.argEnv);
  return { variables: { ...images, ...exported }, exported, problems };
}
