import { readProvided, readWanted, isContradictory, satisfies, type ProvidedName, type WantedName } from "./kit-names.ts";
import type { KitMember } from "./kit-member.ts";

/** What a set of Kits comes to: which order they stand in, and everything that keeps them from going together. */
export interface Resolved {
  readonly workload: KitMember | undefined;
  /** Who is needed comes before who needs it; else by reference. It is the order of hooks and declarations. */
  readonly order: readonly KitMember[];
  readonly provides: readonly ProvidedName[];
  readonly problems: readonly string[];
}

interface Node {
  readonly member: KitMember;
  readonly provides: readonly ProvidedName[];
  readonly requires: readonly WantedName[];
  readonly integrates: readonly WantedName[];
  readonly conflicts: readonly string[];
}

/**
 * Put Kits in order by what they provide and need. Nothing is pulled in: what one needs must be among them, and none
 * satisfies itself. Pure; all problems are found, not the first.
 */
export function resolveKits(members: readonly KitMember[]): Resolved {
  const nodes = members.map(nodeOf).toSorted((one, other) => byText(one.member.reference, other.member.reference));
  const workloads = nodes.filter(({ member }) => member.kit.descriptor.kind === "workload").map(({ member }) => member);
  const { order, circular } = inOrder(nodes);
  return {
    workload: workloads[0],
    order: order.map(({ member }) => member),
    provides: nodes.flatMap(({ provides }) => provides),
    problems: [
      ...countProblems(nodes, workloads),
      ...providerProblems(nodes),
      ...nodes.flatMap((node) => nodeProblems(node, nodes)),
      ...(circular.length === 0 ? [] : [`${listed(circular.map(({ member }) => member))} need each other in a circle`]),
    ],
  };
}

function nodeOf(member: KitMember): Node {
  const { version, provides = [], requires = [], integrates = [], conflicts = [] } = member.kit.descriptor;
  return {
    member,
    provides: provides.map((text) => readProvided(text, version)),
    requires: requires.map((text) => readWanted(text)),
    integrates: integrates.map((text) => readWanted(text)),
    conflicts: conflicts.map((text) => readWanted(text).name),
  };
}

function countProblems(nodes: readonly Node[], workloads: readonly KitMember[]): readonly string[] {
  const twice = nodes.filter(({ member }, index) => nodes.findIndex((other) => other.member.reference === member.reference || other.member.directory === member.directory) !== index);
  const sets = nodes.filter(({ member }) => member.kit.descriptor.kind === "set");
  return [
    ...(workloads.length === 0 ? ["none of them is a workload, which has the agent"] : []),
    ...(workloads.length > 1 ? [`${listed(workloads)} are workloads, and one sandbox has one`] : []),
    ...twice.map(({ member }) => `"${member.name}" is named twice`),
    ...sets.map(({ member }) => `"${member.name}" is a set, whose Kits lie in a registry: name directories of them`),
  ];
}

function providerProblems(nodes: readonly Node[]): readonly string[] {
  const providers = Map.groupBy(
    nodes.flatMap(({ member, provides }) => [...new Set(provides.map(({ name }) => name))].map((name) => ({ name, member }))),
    ({ name }) => name,
  );
  return [...providers].flatMap(([name, found]) => (found.length < 2 ? [] : [`${listed(found.map(({ member }) => member))} provide ${name}, which one Kit may`]));
}

function nodeProblems({ member, requires, integrates, conflicts }: Node, nodes: readonly Node[]): readonly string[] {
  const others = nodes.filter((node) => node.member !== member);
  const providersOf = (name: string): readonly ProvidedName[] => others.flatMap(({ provides }) => provides.filter((one) => one.name === name));
  const contradictory = [...requires, ...integrates].filter(({ bounds }) => isContradictory(bounds)).map(({ text }) => `"${member.name}" asks for "${text}", which no version can be`);
  const missing = requires.flatMap(({ name, bounds, text }) => {
    const providers = providersOf(name);
    if (providers.length === 0) return [`"${member.name}" requires "${text}", which none of the others provides`];
    return providers.some(({ version }) => satisfies(version, bounds)) ? [] : [`"${member.name}" requires "${text}", and there is ${versionsOf(providers)}`];
  });
  const violated = integrates.flatMap(({ name, bounds, text }) => {
    const providers = providersOf(name);
    return providers.length === 0 || providers.some(({ version }) => satisfies(version, bounds)) ? [] : [`"${member.name}" goes with "${text}" alone, and there is ${versionsOf(providers)}`];
  });
  const clashes = others.flatMap((other) => (other.provides.some(({ name }) => conflicts.includes(name)) ? [`"${member.name}" conflicts with "${other.member.name}"`] : []));
  return [...contradictory, ...missing, ...violated, ...clashes];
}

function versionsOf(providers: readonly ProvidedName[]): string {
  return providers.map(({ name, version }) => `${name} ${version ?? "without a version"}`).join(", ");
}

function inOrder(nodes: readonly Node[]): { readonly order: readonly Node[]; readonly circular: readonly Node[] } {
  const before = new Map(nodes.map((node) => [node, nodes.filter((other) => other !== node && needs(node, other))]));
  const order: Node[] = [];
  let rest = nodes;
  for (;;) {
    const next = rest.find((node) => (before.get(node) ?? []).every((other) => order.includes(other)));
    if (next === undefined) return { order: [...order, ...rest], circular: rest };
    order.push(next);
    rest = rest.filter((node) => node !== next);
  }
}

function needs({ requires, integrates }: Node, { provides }: Node): boolean {
  return [...requires, ...integrates].some(({ name }) => provides.some((one) => one.name === name));
}

function listed(members: readonly KitMember[]): string {
  return members.map(({ name }) => `"${name}"`).join(" and ");
}

function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
