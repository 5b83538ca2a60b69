import { ruleSubject, type Decision, type Destination, type Rule } from "@sbx/contracts";
import { parseHost } from "./host.ts";
import { parseIpv4 } from "./ipv4.ts";
import { coversPort, LAYER_RANK, rulesForAddress, rulesForName, type CompiledPolicy, type CompiledRule } from "./policy.ts";
import { isAllowedRequest, isDeniedRequest, readRequest, type HttpRequest, type ReadRequest } from "./request-rule.ts";
import { HOST_GATEWAY, isReservedName, isServiceName, MCP_PORT } from "./reserved.ts";
import { ALL_PORTS, type PortRange } from "./pattern.ts";

const WEB_PORTS: ReadonlySet<number> = new Set([80, 443]);

/** What the policy says about a connection, before a byte of it was read. */
export interface ConnectionDecision extends Decision {
  /** With "allow": rules are about single requests there, so that each has to be decided by {@link decideRequest}, and nothing else may pass. */
  readonly requests: boolean;
}

/**
 * Decide one destination as a whole, for callers that cannot tell requests apart: where rules are about single requests it is denied.
 * Any deny wins over any allow, and no rule is a deny. Pure: the same policy and destination give the same answer. What is
 * neither a host name nor an IPv4 address is denied.
 */
export function decide(policy: CompiledPolicy, destination: Destination): Decision {
  const { requests, ...decision } = decideConnection(policy, destination);
  if (decision.effect === "deny" || !requests) return decision;
  return { effect: "deny", ...(decision.rule === undefined ? {} : { rule: decision.rule }), reason: `rules are about single requests to ${whereOf(destination)}, which cannot be told apart here` };
}

/** Decide one destination, as {@link decide} does, where requests can be looked at. */
export function decideConnection(policy: CompiledPolicy, destination: Destination): ConnectionDecision {
  const where = whereOf(destination);
  const candidates = candidatesOf(policy, destination);
  if (typeof candidates === "string") return { effect: "deny", reason: `${where} ${candidates}`, requests: false };
  const matching = candidates.filter(({ matcher }) => coversPort(matcher.ports, destination.port));
  const whole = matching.filter(({ requests }) => requests === undefined);
  const deny = first(whole, "deny");
  if (deny !== undefined) return { ...denied(where, deny), requests: false };
  const allow = first(whole, "allow") ?? first(matching, "allow");
  if (allow === undefined) return { ...notAllowed(candidates, destination, where), requests: false };
  const ceiling = policy.ceiling === undefined ? undefined : decideConnection(policy.ceiling.policy, destination);
  if (ceiling?.effect === "deny") return { ...underCeiling(policy, where), requests: false };
  const requests = first(whole, "allow") === undefined || matching.some(({ rule, requests: bound }) => rule.effect === "deny" && bound !== undefined) || ceiling?.requests === true;
  return { effect: "allow", rule: allow, reason: `${where} is allowed by ${describe(allow)}`, requests };
}

/** Decide one request of HTTP to a destination, by every rule about it. */
export function decideRequest(policy: CompiledPolicy, destination: Destination, request: HttpRequest): Decision {
  const { requests, ...decision } = decideConnection(policy, destination);
  if (decision.effect === "deny" || !requests) return decision;
  const asked = `${request.method} of ${whereOf(destination)}${shownPath(request.target)}`;
  const read = readRequest(request);
  if (read === undefined) return { effect: "deny", reason: `${asked} can be read in more than one way` };
  return decideRead(policy, destination, { read, asked });
}

function decideRead(policy: CompiledPolicy, destination: Destination, { read, asked }: { readonly read: ReadRequest; readonly asked: string }): Decision {
  const candidates = candidatesOf(policy, destination);
  const matching = typeof candidates === "string" ? [] : candidates.filter(({ matcher }) => coversPort(matcher.ports, destination.port));
  const denies = matching.filter(({ rule, requests }) => rule.effect === "deny" && isDeniedRequest(requests, read));
  const deny = first(denies, "deny");
  if (deny !== undefined) return denied(asked, deny);
  const allow = first(
    matching.filter(({ requests }) => isAllowedRequest(requests, read)),
    "allow",
  );
  if (allow === undefined) return notAllowed(matching, destination, asked);
  const ceiling = policy.ceiling === undefined ? undefined : decideRead(policy.ceiling.policy, destination, { read, asked });
  return ceiling?.effect === "deny" ? underCeiling(policy, asked) : { effect: "allow", rule: allow, reason: `${asked} is allowed by ${describe(allow)}` };
}

function whereOf(destination: Destination): string {
  const asked = destination.kind === "name" ? destination.name : destination.address;
  return `${asked.slice(0, 255).replaceAll(/[^A-Za-z0-9._-]/g, "?")}:${destination.port}`;
}

/** A path for people, without its query, which may hold what is secret. */
function shownPath(target: string): string {
  return (target.split("?", 1)[0] ?? "").slice(0, 200).replaceAll(/[^\x21-\x7e]/g, "?");
}

function notAllowed(candidates: readonly CompiledRule[], destination: Destination, asked: string): Decision {
  const others = first(candidates, "allow");
  const about = others?.methods === undefined && others?.paths === undefined ? "other ports" : "other requests";
  const reason = others === undefined ? `no rule allows ${asked}` : `no rule allows ${asked}; ${describe(others)} is about ${about}`;
  return { effect: "deny", reason, fix: allowCommand(destination) };
}

/** The denial of what narrows a policy. No rule that a person could add changes it. */
function underCeiling({ ceiling }: CompiledPolicy, asked: string): Decision {
  return { effect: "deny", reason: `${asked} is not among what ${ceiling?.name ?? "its ceiling"} leaves` };
}

/** The rules about a destination, or why there can be none. */
function candidatesOf(policy: CompiledPolicy, destination: Destination): readonly CompiledRule[] | string {
  if (destination.kind === "address") return parseIpv4(destination.address) === undefined ? "is not an IPv4 address" : rulesForAddress(policy, destination.address);
  const name = parseHost(destination.name);
  if (name === undefined) return "is not a host name";
  if (name === HOST_GATEWAY && destination.port === MCP_PORT) return "is sbx's own, and no rule is about it";
  return isReservedName(name) ? "is no service of sbx" : rulesForName(policy, name);
}

function first(rules: readonly CompiledRule[], effect: Rule["effect"]): Rule | undefined {
  let found: Rule | undefined;
  for (const { rule } of rules) {
    if (rule.effect === effect && (found === undefined || LAYER_RANK[rule.layer] < LAYER_RANK[found.layer])) found = rule;
  }
  return found;
}

function denied(where: string, rule: Rule): Decision {
  const decision = { effect: "deny", rule, reason: `${where} is denied by ${describe(rule)}` } as const;
  return rule.layer === "user" || rule.layer === "sandbox" || rule.layer === "server" ? { ...decision, fix: `sbx policy rm ${rule.id}` } : decision;
}

function describe(rule: Rule): string {
  return `rule ${rule.id} (${rule.layer}: ${rule.effect} ${ruleSubject(rule)})`;
}

/** The command with which a human would allow a destination: with its port where that is not a web port, or always with `port`. */
export function allowCommand(destination: Destination, { port = false }: { readonly port?: boolean } = {}): string {
  const host = destination.kind === "name" ? (parseHost(destination.name) ?? "HOST") : destination.address;
  const bare = !port && WEB_PORTS.has(destination.port) && host !== HOST_GATEWAY;
  return `sbx policy allow ${bare ? host : `${host}:${destination.port}`}`;
}

/** Whether there is any port on which {@link decide} would allow this name. */
export function mayAllow(policy: CompiledPolicy, text: string): boolean {
  const name = parseHost(text);
  if (name === undefined || isReservedName(name)) return false;
  if (policy.ceiling !== undefined && !mayAllow(policy.ceiling.policy, name)) return false;
  const rules = rulesForName(policy, name);
  const denies = rules.filter(({ rule, requests }) => rule.effect === "deny" && requests === undefined).map(({ matcher }) => matcher.ports);
  return rules.some(({ rule, matcher }) => rule.effect === "allow" && hasGap(matcher.ports, denies));
}

/** Whether `range` has a port that none of `holes` covers. */
function hasGap(range: PortRange, holes: readonly PortRange[]): boolean {
  let next = range.from;
  for (const hole of holes.toSorted((a, b) => a.from - b.from)) {
    if (hole.from > next) break;
    next = Math.max(next, hole.to + 1);
  }
  return next <= Math.min(range.to, ALL_PORTS.to);
}

/** Whether a name leads anywhere at all: to something of sbx's own, or by a rule on some port. What a pod's resolver asks. */
export function mayReach(policy: CompiledPolicy, text: string): boolean {
  return isServiceName(parseHost(text) ?? "") || mayAllow(policy, text);
}

/**
 * Whether an allow rule names this very address or a network that holds it, and no rule denies it. Needed for addresses
 * that are not public: `fewestBits` is how long a network's prefix must be to count as naming it, so that
 * `0.0.0.0/0` does not mean the local network; 32 asks for a rule of the address itself.
 */
export function addressNamed(policy: CompiledPolicy, { address, port }: { readonly address: string; readonly port: number }, fewestBits = 0): boolean {
  const rules = rulesForAddress(policy, address).filter(({ matcher }) => coversPort(matcher.ports, port));
  const naming = rules.filter(({ matcher: { host } }) => host.kind === "network" && host.prefix >= fewestBits);
  return first(naming, "allow") !== undefined && first(rules, "deny") === undefined;
}

/** The rule that denies this address on this port, if one does: it also holds for names that resolve there. */
export function addressDenied(policy: CompiledPolicy, address: string, port: number): Rule | undefined {
  return first(
    rulesForAddress(policy, address).filter(({ matcher }) => coversPort(matcher.ports, port)),
    "deny",
  );
}

/** Why a destination is allowed or denied: the decision, every rule that was looked at, and the same in words. */
export interface Explanation {
  readonly decision: Decision;
  /** Every rule that is about the destination's host, in the order of layers; `applies` when its ports include the one asked for. */
  readonly considered: readonly { readonly rule: Rule; readonly applies: boolean }[];
  /** Whole sentences without full stop, for a terminal. */
  readonly lines: readonly string[];
}

/** Why a destination is decided as it is, without any traffic. */
export function explain(policy: CompiledPolicy, destination: Destination): Explanation {
  const decision = decide(policy, destination);
  const candidates = candidatesOf(policy, destination);
  const considered = (typeof candidates === "string" ? [] : candidates).map(({ rule, matcher }) => ({ rule, applies: coversPort(matcher.ports, destination.port) }));
  const lines = [
    `${decision.effect}: ${decision.reason}`,
    ...considered.map(({ rule, applies }) => `${describe(rule)} ${applies ? "matches" : "names the host but not the port"}`),
    ...(decision.effect === "deny" && decision.fix !== undefined ? [`to change it: ${decision.fix}`] : []),
  ];
  return { decision, considered, lines };
}
