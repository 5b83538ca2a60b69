/** A name that a Kit provides. Without a version it satisfies only who asks for none. */
export interface ProvidedName {
  readonly name: string;
  readonly version: string | undefined;
}

/** One comparison of a requirement, such as `>= 2.40`. */
interface Bound {
  readonly operator: string;
  readonly version: string;
}

/** A name that a Kit wants, and between which versions. */
export interface WantedName {
  readonly name: string;
  readonly bounds: readonly Bound[];
  /** As it was written. */
  readonly text: string;
}

const OWN_NAMESPACE = "com.docker.kit/";

/** A name with its namespace: one without stands in that of the format. */
export function fullName(name: string): string {
  return name.includes("/") ? name : `${OWN_NAMESPACE}${name}`;
}

/** A name as people write it: without the namespace where it is that of the format. */
export function shortName(name: string): string {
  return name.startsWith(OWN_NAMESPACE) ? name.slice(OWN_NAMESPACE.length) : name;
}

/** Read `name` or `name@version`; a bare one has the version of its Kit. The text was checked with the descriptor. */
export function readProvided(text: string, kitVersion: string | undefined): ProvidedName {
  const [name = "", version = kitVersion] = text.split("@");
  return { name: fullName(name), version };
}

/** Read `name` or `name >= 1, < 2`. The text was checked with the descriptor. */
export function readWanted(text: string): WantedName {
  const [, name = "", rest = ""] = /^\s*([^\s,<>=]+)\s*(.*)$/.exec(text) ?? [];
  const bounds = [...rest.matchAll(/(>=|<=|>|<|=)\s*([^\s,]+)/g)].map(([, operator = "", version = ""]) => ({ operator, version }));
  return { name: fullName(name), bounds, text };
}

/** Compare part by part between dots: as numbers where both are some, else as texts. A part that is missing is 0. */
function compareVersions(one: string, other: string): number {
  const [left, right] = [one.split("."), other.split(".")];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = comparePart(left[index] ?? "0", right[index] ?? "0");
    if (difference !== 0) return difference;
  }
  return 0;
}

function comparePart(one: string, other: string): number {
  if (/^\d+$/.test(one) && /^\d+$/.test(other)) {
    const [left, right] = [BigInt(one), BigInt(other)];
    return left < right ? -1 : Number(left > right);
  }
  return one < other ? -1 : Number(one > other);
}

/** Whether a version lies within all bounds; none lies within any, if there is one. */
export function satisfies(version: string | undefined, bounds: readonly Bound[]): boolean {
  return bounds.every((bound) => version !== undefined && holds(compareVersions(version, bound.version), bound.operator));
}

function holds(order: number, operator: string): boolean {
  switch (operator) {
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    default:
      return order === 0;
  }
}

/** Whether no version at all lies within the bounds. */
export function isContradictory(bounds: readonly Bound[]): boolean {
  const exact = bounds.find(({ operator }) => operator === "=");
  if (exact !== undefined) return !satisfies(exact.version, bounds);
  const lower = bounds.filter(({ operator }) => operator.startsWith(">"));
  const upper = bounds.filter(({ operator }) => operator.startsWith("<"));
  return lower.some((low) =>
    upper.some((high) => {
      const order = compareVersions(low.version, high.version);
      return order > 0 || (order === 0 && (low.operator === ">" || high.operator === "<"));
    }),
  );
}
