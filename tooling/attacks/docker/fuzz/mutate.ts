import { FORMS, type FuzzCase } from "./fuzz-case.ts";
import type { Random } from "@sbx/testing/random";

/** Ways to make a name into another that a careless reader takes for the same. */
const TWISTS: readonly ((name: string) => string)[] = [
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
  (name) => name.replaceAll("s", "\u017F"),
  (name) => name.replaceAll("k", "\u212A"),
  (name) => `${name}\u0000`,
  (name) => ` ${name}`,
  (name) => `__proto__${name}`,
  () => "__proto__",
  () => "constructor",
  () => "Privileged",
  () => "HostConfig",
];

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  1e308,
  2 ** 53,
  0.5,
  "",
  "host",
  "container:{{victim}}",
  "/",
  "../../..",
  "\u0000",
  "{{victim}}",
  "{{other}}",
  "{{gate}}",
  "dev.sbx.sandbox",
  [],
  [[]],
  {},
  { Privileged: true },
  "x".repeat(5000),
  ["/:/host"],
  ["ALL"],
];

const PATHS: readonly ((target: string, random: Random) => string)[] = [
  (target, random) => escaped(target, random),
  (target) => target.replace("/v1.41/", "/v1.24/"),
  (target) => target.replace("/v1.41/", "/v1.12/"),
  (target) => target.replace("/v1.41/", "/v1.41/v1.41/"),
  (target) => target.replace("/v1.41/", "//"),
  (target) => target.replace("/v1.41/", "/v1.41/./"),
  (target) => target.replace("/v1.41/", "/v1.41/x/../"),
  (target) => `${target}/`,
  (target) => target.replace(/\/[a-z]/, (found) => found.toUpperCase()),
  (target) => `${target}${target.includes("?") ? "&" : "?"}Privileged=true`,
  (target) => `${target}${target.includes("?") ? "&" : "?"}name=a&name=b`,
  (target) => `${target}${target.includes("?") ? ";" : "?;"}x=y`,
  (target) => target.replace(/\{\{\w+\}\}/, "{{victim}}"),
  (target) => target.replace(/\{\{\w+\}\}/, "%2f{{victim}}"),
  (target) => target.replace(/\{\{\w+\}\}/, "{{child}}%00"),
  (target) => target.replace(/\?.*$/, ""),
  (target) => `http://docker${target}`,
  (target) => `${target}#x`,
];

function escaped(target: string, random: Random): string {
  const at = 1 + random.below(Math.max(1, target.length - 1));
  return `${target.slice(0, at)}%${(target.codePointAt(at) ?? 0x41).toString(16).padStart(2, "0")}${target.slice(at + 1)}`;
}

/** A case that is another one in some place. */
export function mutated(one: FuzzCase, random: Random): FuzzCase {
  const roll = random.next();
  if (roll < 0.15) return { ...one, target: random.pick(PATHS)(one.target, random) };
  if (roll < 0.35) return { ...one, form: random.pick(FORMS) };
  if (roll < 0.42) return { ...one, noise: Array.from({ length: 1 + random.below(3) }, () => [random.below(600), random.below(256)] as const) };
  if (roll < 0.45) return { ...one, method: random.pick(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) };
  if (one.files !== undefined) return { ...one, files: { ...one.files, Dockerfile: cut(one.files["Dockerfile"] ?? "", random) } };
  return one.body === undefined ? { ...one, body: random.pick(["{}", "null", "[]", '{"Privileged":true}']) } : { ...one, body: mutatedBody(one.body, random) };
}

/** Take a piece of a text away, or say it twice. */
function cut(text: string, random: Random): string {
  const from = random.below(text.length + 1);
  const to = Math.min(text.length, from + random.below(12));
  return random.chance(0.5) ? text.slice(0, from) + text.slice(to) : text.slice(0, to) + text.slice(from);
}

function mutatedBody(body: string, random: Random): string {
  const roll = random.next();
  if (roll < 0.1) return cut(body, random);
  if (roll < 0.15) return `${body}${random.pick(["{}", body, "\u0000", "\n", "]"])}`;
  if (roll < 0.2) return `${random.pick(["\uFEFF", " ", "/**/", "["])}${body}`;
  if (roll < 0.25) return body.replace("{", random.pick(['{"HostConfig":{"Privileged":true},', '{"Privileged":true,', '{"hostconfig":{"Binds":["/:/host"]},', '{"\\u0050rivileged":true,']));
  if (roll < 0.3) return body.replace(/"([A-Z])(\w+)":/, (_found, first: string, rest: string) => `"\\u00${first.codePointAt(0)?.toString(16) ?? ""}${rest}":`);
  try {
    return JSON.stringify(changed(JSON.parse(body), random));
  } catch {
    return cut(body, random);
  }
}

/** Change one member, anywhere. */
function changed(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || random.chance(0.15)) return random.pick(VALUES);
  if (Array.isArray(value))
    return value.length === 0 || random.chance(0.3) ? [...(value as readonly unknown[]), random.pick(VALUES)] : value.map((one: unknown, at) => (at === 0 ? changed(one, random) : one));
  const members = Object.entries(value);
  const at = random.below(members.length + 1);
  const member = members[at];
  if (member === undefined) return { ...value, [random.pick(TWISTS)("Labels")]: random.pick(VALUES) };
  const [name, inner] = member;
  const roll = random.next();
  const next: readonly (readonly [string, unknown])[] = roll < 0.2 ? [] : roll < 0.4 ? [[random.pick(TWISTS)(name), inner]] : [[name, changed(inner, random)]];
  return Object.fromEntries([...members.slice(0, at), ...next, ...members.slice(at + 1)]);
}
