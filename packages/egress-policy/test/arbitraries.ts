import type { Rule } from "@sbx/contracts";
import fc from "fast-check";
import { formatIpv4, networkOf } from "../src/index.ts";

const label = fc.stringMatching(/^[a-z]{1,3}$/);
export const anyName = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => [...labels, "test"].join("."));
export const anyAddress = fc.nat({ max: 0xffff_ffff }).map(formatIpv4);
export const anyPort = fc.integer({ min: 1, max: 65_535 });
const namePattern = fc.tuple(fc.constantFrom("", "*.", "**."), anyName).map((parts) => parts.join(""));
const networkPattern = fc.tuple(fc.nat({ max: 0xffff_ffff }), fc.integer({ min: 0, max: 32 })).map(([address, prefix]) => `${formatIpv4(networkOf(address, prefix))}/${prefix}`);
const portSuffix = fc.oneof(
  fc.constant(""),
  anyPort.map((port) => `:${port}`),
  fc.tuple(anyPort, anyPort).map(([a, b]) => `:${Math.min(a, b)}-${Math.max(a, b)}`),
);
export const anyNamePattern = fc.tuple(fc.oneof(namePattern, fc.constant("**")), portSuffix).map((parts) => parts.join(""));
export const anyPattern = fc.tuple(fc.oneof(namePattern, networkPattern, fc.constant("**")), portSuffix).map((parts) => parts.join(""));

export function ruleOf(to: string, effect: Rule["effect"] = "allow", layer: Rule["layer"] = "user", id = "r"): Rule {
  return { id, effect, to, layer };
}
export const anyRule = fc.record({
  to: anyPattern,
  effect: fc.constantFrom("allow" as const, "deny" as const),
  layer: fc.constantFrom("organisation" as const, "user" as const, "sandbox" as const, "profile" as const),
  id: fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/),
});
export const anyDestination = fc.oneof(
  fc.record({ kind: fc.constant("name" as const), name: anyName, port: anyPort }),
  fc.record({ kind: fc.constant("address" as const), address: anyAddress, port: anyPort }),
);
