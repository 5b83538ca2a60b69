import type { Destination, Rule } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { addressDenied, addressNamed, compilePolicy, decide, explain, mayAllow, mayReach, narrowPolicy } from "../src/index.ts";
import { anyAddress, anyDestination, anyName, anyNamePattern, anyPort, anyRule, ruleOf } from "./arbitraries.ts";

const name = (host: string, port = 443): Destination => ({ kind: "name", name: host, port });
const address = (literal: string, port = 443): Destination => ({ kind: "address", address: literal, port });
const allowed = (to: string, destination: Destination): boolean => decide(compilePolicy([ruleOf(to)]), destination).effect === "allow";

describe("decide", () => {
  it("denies by default and gives the command that would allow it", ({ expect }) => {
    const policy = compilePolicy([]);
    expect(decide(policy, name("API.example.org"))).toEqual({ effect: "deny", reason: "no rule allows API.example.org:443", fix: "sbx policy allow api.example.org" });
    expect(decide(policy, name("db.example.org", 5432)).fix).toBe("sbx policy allow db.example.org:5432");
    expect(decide(policy, name("host.docker.internal", 80)).fix).toBe("sbx policy allow host.docker.internal:80");
    expect(decide(policy, address("192.0.2.7", 22)).fix).toBe("sbx policy allow 192.0.2.7:22");
  });

  it.for([
    ["a.test", "a.test", true],
    ["a.test", "b.a.test", false],
    ["*.a.test", "b.a.test", true],
    ["*.a.test", "a.test", false],
    ["*.a.test", "c.b.a.test", false],
    ["**.a.test", "c.b.a.test", true],
    ["**.a.test", "b.a.test", true],
    ["**.a.test", "a.test", false],
    ["*.a.test", "ba.test", false],
    ["**.a.test", "xa.test", false],
    ["**", "x.y.z", true],
    ["**", "host.docker.internal", false],
    ["*.docker.internal", "host.docker.internal", false],
    ["**.internal", "host.docker.internal", false],
    ["**", "model.sbx.internal", false],
    ["**.internal", "other.sbx.internal", false],
  ] as const)("%s against %s: %s", ([to, host, expected], { expect }) => {
    expect(allowed(to, name(host))).toBe(expected);
    expect(mayAllow(compilePolicy([ruleOf(to)]), host)).toBe(expected);
  });

  it("holds a rule to its ports", ({ expect }) => {
    expect(allowed("a.test:443", name("a.test", 443))).toBe(true);
    expect(allowed("a.test:443", name("a.test", 80))).toBe(false);
    expect(allowed("a.test:8000-8002", name("a.test", 8002))).toBe(true);
    expect(allowed("host.docker.internal:5432", name("host.docker.internal", 5432))).toBe(true);
    expect(allowed("host.docker.internal:5432", name("host.docker.internal", 5433))).toBe(false);
    expect(decide(compilePolicy([ruleOf("a.test:443")]), name("a.test", 22)).reason).toContain("about other ports");
  });

  it("closes the host's loopback by a star that denies", ({ expect }) => {
    const policy = compilePolicy([ruleOf("host.docker.internal:5432"), ruleOf("**.internal", "deny", "organisation", "org")]);
    expect(decide(policy, name("host.docker.internal", 5432)).rule?.id).toBe("org");
  });

  it.for(["127.1", "0x7f.1", "2130706433", "10.0.0.1", "a b", "", "a\r\nb", "[::1]"])("denies %j as a name, whatever the rules", (text, { expect }) => {
    const policy = compilePolicy([ruleOf("**"), ruleOf("0.0.0.0/0")]);
    expect(decide(policy, name(text)).effect).toBe("deny");
    expect(decide(policy, name(text)).reason).toMatch(/^[\x20-\x7e]*$/);
    expect(mayAllow(policy, text)).toBe(false);
  });

  it.for(["127.1", "::ffff:10.0.0.1", "010.0.0.1", "2130706433", "a.test"])("denies %j as an address, whatever the rules", (text, { expect }) => {
    expect(decide(compilePolicy([ruleOf("**"), ruleOf("0.0.0.0/0")]), address(text)).effect).toBe("deny");
  });

  it("names the rule of the outermost layer", ({ expect }) => {
    const rules: Rule[] = [ruleOf("**.test", "deny", "sandbox", "inner"), ruleOf("a.test", "allow", "organisation", "org"), ruleOf("*.test", "deny", "user", "outer")];
    const decision = decide(compilePolicy(rules), name("a.test"));
    expect(decision.rule?.id).toBe("outer");
    expect(decision.reason).toBe("a.test:443 is denied by rule outer (user: deny *.test)");
    expect(decision.fix).toBe("sbx policy rm outer");
  });

  it("lets any matching deny win, in any order of any rules", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 8 }), anyDestination, fc.nat(), (rules, destination, seed) => {
        const alone = rules.filter((rule) => rule.effect === "deny").some((deny) => decide(compilePolicy([deny]), destination).rule !== undefined);
        const granted = rules.some((rule) => rule.effect === "allow" && decide(compilePolicy([rule]), destination).effect === "allow");
        const decision = decide(compilePolicy(rules), destination);
        expect(decision.effect).toBe(granted && !alone ? "allow" : "deny");
        const turned = rules.toSorted((a, b) => ((a.id.charCodeAt(0) * (seed % 97)) % 13) - ((b.id.charCodeAt(0) * (seed % 97)) % 13));
        expect(decide(compilePolicy(turned), destination).effect).toBe(decision.effect);
      }),
      { numRuns: 1500 },
    );
  });

  it("matches no more labels than a pattern without ** says", ({ expect }) => {
    fc.assert(
      fc.property(anyName, anyName, (base, other) => {
        const deeper = `${other}.${base}`;
        expect(allowed(base, name(deeper))).toBe(false);
        expect(allowed(`*.${base}`, name(`x.${deeper}`))).toBe(false);
        expect(allowed(`*.${base}`, name(base))).toBe(false);
        expect(allowed(`**.${base}`, name(deeper))).toBe(true);
      }),
    );
  });

  it("never lets a pattern of names match an address", ({ expect }) => {
    fc.assert(
      fc.property(anyNamePattern, anyAddress, anyPort, (to, literal, port) => {
        expect(allowed(to, address(literal, port))).toBe(false);
        expect(allowed(to, name(literal, port))).toBe(false);
        expect(addressNamed(compilePolicy([ruleOf(to)]), { address: literal, port })).toBe(false);
      }),
    );
  });
});

describe("mayAllow", () => {
  it("agrees with decide on every port", ({ expect }) => {
    const smallPort = fc.integer({ min: 1, max: 6 });
    const rule = fc
      .tuple(fc.constantFrom("a.test", "*.test", "**"), smallPort, smallPort, fc.constantFrom("allow" as const, "deny" as const))
      .map(([host, x, y, effect]) => ruleOf(`${host}:${Math.min(x, y)}-${Math.max(x, y)}`, effect));
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), (rules) => {
        const policy = compilePolicy(rules);
        const any = [1, 2, 3, 4, 5, 6].some((port) => decide(policy, name("a.test", port)).effect === "allow");
        expect(mayAllow(policy, "a.test")).toBe(any);
      }),
      { numRuns: 1500 },
    );
  });
});

describe("mayReach", () => {
  it("adds sbx's own names to those that rules allow", ({ expect }) => {
    const policy = compilePolicy([ruleOf("a.test:22")]);
    for (const host of ["a.test", "A.TEST.", "model.sbx.internal", "mcp.sbx.internal", "policy.sbx.internal", "host.docker.internal"]) expect(mayReach(policy, host)).toBe(true);
    for (const host of ["b.test", "x.sbx.internal", "sbx.internal", "docker.internal", "", "127.1"]) expect(mayReach(policy, host)).toBe(false);
  });
});

describe("addressNamed", () => {
  it("wants an allow rule of that very address or its network, and its port", ({ expect }) => {
    const policy = compilePolicy([ruleOf("10.1.0.0/16:5432"), ruleOf("10.1.9.0/24", "deny")]);
    expect(addressNamed(policy, { address: "10.1.2.3", port: 5432 })).toBe(true);
    expect(addressNamed(policy, { address: "10.1.2.3", port: 22 })).toBe(false);
    expect(addressNamed(policy, { address: "10.2.2.3", port: 5432 })).toBe(false);
    expect(addressNamed(policy, { address: "10.1.9.3", port: 5432 })).toBe(false);
    expect(addressNamed(policy, { address: "::ffff:10.1.2.3", port: 5432 })).toBe(false);
    expect(addressDenied(policy, "10.1.9.3", 5432)?.to).toBe("10.1.9.0/24");
    expect(addressDenied(policy, "10.1.2.3", 5432)).toBeUndefined();
  });
});

describe("explain", () => {
  it("lists every rule about the host, also those of other ports", ({ expect }) => {
    const { lines } = explain(compilePolicy([ruleOf("a.test:443", "allow", "profile", "web"), ruleOf("*.test", "allow", "user", "all")]), name("a.test", 443));
    expect(lines).toEqual(["allow: a.test:443 is allowed by rule all (user: allow *.test)", "rule web (profile: allow a.test:443) matches", "rule all (user: allow *.test) matches"]);
    expect(explain(compilePolicy([]), name("a.test")).lines).toEqual(["deny: no rule allows a.test:443", "to change it: sbx policy allow a.test"]);
  });
});

describe("a policy that is narrowed", () => {
  it("allows what both allow, and denies whatever either denies", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(anyRule), fc.array(anyRule), anyDestination, (below, above, destination) => {
        const policy = compilePolicy(below);
        const ceiling = compilePolicy(above);
        const narrowed = narrowPolicy(policy, { policy: ceiling, name: "the ceiling" });
        const both = decide(policy, destination).effect === "allow" && decide(ceiling, destination).effect === "allow";
        expect(decide(narrowed, destination).effect).toBe(both ? "allow" : "deny");
        if (destination.kind === "name" && both) expect(mayAllow(narrowed, destination.name)).toBe(true);
        if (destination.kind === "name" && !mayAllow(ceiling, destination.name)) expect(mayAllow(narrowed, destination.name)).toBe(false);
      }),
    );
  });

  it("says that it was narrowed, and offers no command that would not help", ({ expect }) => {
    const narrowed = narrowPolicy(compilePolicy([ruleOf("**")]), { policy: compilePolicy([ruleOf("api.example.org")]), name: "the Docker policy of this sandbox" });
    expect(decide(narrowed, name("other.example.org"))).toEqual({ effect: "deny", reason: "other.example.org:443 is not among what the Docker policy of this sandbox leaves" });
    expect(decide(narrowed, name("api.example.org")).effect).toBe("allow");
  });
});
