import * as z from "zod";

/**
 * A pattern of destinations as a person writes it: `api.example.org`, `*.example.org` (one label), `**.example.org`
 * (any depth, one at least), an IPv4 address or an IPv4 network `10.1.0.0/16`. Optionally `:port` or `:from-to` at the end.
 * `**` alone is every name (never an address). Parsed by `@sbx/egress-policy`, which refuses what is none of these.
 */
export const DestinationPattern = z.string().min(1).max(300);

/** What a rule does with the destinations that it names. */
export const RuleEffect = z.enum(["allow", "deny"]);
export type RuleEffect = z.infer<typeof RuleEffect>;

/** From where a rule comes; the earlier ones are ceilings of the later. Any deny wins over any allow. */
export const RuleLayer = z.enum(["organisation", "user", "project", "sandbox", "server", "profile"]);
export type RuleLayer = z.infer<typeof RuleLayer>;

/** Methods of HTTP, in capitals. */
export const RequestMethods = z
  .array(z.string().regex(/^[A-Z]{1,30}$/, "a method in capitals"))
  .min(1)
  .max(40);

/** Paths of HTTP without a query: `*` is anything within one part, `**` anything at all. */
export const RequestPaths = z.array(z.string().regex(/^\//, "a path that begins with a slash").max(500)).min(1).max(1000);

/** One line of a policy: which destinations it is about, and whether they are allowed or denied. */
export const Rule = z.strictObject({
  /** Stable within its layer: what decisions and events name. */
  id: z.string().regex(/^[a-z0-9][a-z0-9:._-]{0,80}$/),
  effect: RuleEffect,
  to: DestinationPattern,
  layer: RuleLayer,
  /** With one of these two the rule is about single requests of HTTP: those of such a method, and of such a path. Only for hosts by name. */
  methods: RequestMethods.optional(),
  paths: RequestPaths.optional(),
  /** Why it is there, for people. */
  note: z.string().max(300).optional(),
});
export type Rule = z.infer<typeof Rule>;

/** What a rule is about, for people: `api.example.org`, or `GET,HEAD of api.example.org at /repos/**`. */
export function ruleSubject({ methods, paths, to }: Pick<Rule, "methods" | "paths" | "to">): string {
  const at = paths === undefined ? "" : ` at ${paths.slice(0, 3).join(", ")}${paths.length > 3 ? ", ..." : ""}`;
  return `${methods === undefined ? "" : `${methods.join(",")} of `}${to}${at}`;
}

/** The user's policy file: `policy.json` in the configuration directory, and each sandbox's own. */
export const PolicyDocument = z.strictObject({ version: z.literal(1), rules: z.array(Rule).max(10_000) });
export type PolicyDocument = z.infer<typeof PolicyDocument>;

/** Where somebody wants to go. `name` is what was resolved in the pod; `address` an IPv4 literal that was dialled. */
export const Destination = z.union([
  z.strictObject({ kind: z.literal("name"), name: z.string(), port: z.number().int().min(1).max(65_535) }),
  z.strictObject({ kind: z.literal("address"), address: z.ipv4(), port: z.number().int().min(1).max(65_535) }),
]);
export type Destination = z.infer<typeof Destination>;

/** What the policy says about one destination, with the rule that decided and how to change it. */
export const Decision = z.object({
  effect: RuleEffect,
  /** The rule that decided; absent when no rule names the destination, which is a deny. */
  rule: Rule.optional(),
  /** One sentence for people and agents, without full stop. */
  reason: z.string(),
  /** The command that a human could run to allow it, when a rule could. */
  fix: z.string().optional(),
});
export type Decision = z.infer<typeof Decision>;
