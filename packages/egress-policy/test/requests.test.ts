import type { Destination, Rule } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { compilePolicy, decide, decideConnection, decideRequest, explain, mayAllow, narrowPolicy } from "../src/index.ts";
import { ruleOf } from "./arbitraries.ts";

const api: Destination = { kind: "name", name: "api.test", port: 443 };
const bounded = (bounds: Pick<Rule, "methods" | "paths">, effect: Rule["effect"] = "allow", to = "api.test"): Rule => ({ ...ruleOf(to, effect), id: `${effect}-bounded`, ...bounds });
const effectOf = (rules: readonly Rule[], method: string, target: string): string => decideRequest(compilePolicy(rules), api, { method, target }).effect;

describe("rules about single requests", () => {
  it("open a host for them alone: whoever cannot tell requests apart is denied", ({ expect }) => {
    const policy = compilePolicy([bounded({ methods: ["GET"], paths: ["/repos/**"] })]);
    expect(decideConnection(policy, api)).toMatchObject({ effect: "allow", requests: true });
    expect(decide(policy, api)).toMatchObject({ effect: "deny", reason: "rules are about single requests to api.test:443, which cannot be told apart here" });
    expect(mayAllow(policy, "api.test")).toBe(true);
    expect(explain(policy, api).decision.effect).toBe("deny");
  });

  it.for([
    ["GET", "/repos", "allow"],
    ["GET", "/repos/", "allow"],
    ["GET", "/repos/a/b?x=/../..", "allow"],
    ["GET", "/%72epos/a", "allow"],
    ["POST", "/repos/a", "deny"],
    ["get", "/repos/a", "deny"],
    ["GET", "/Repos/a", "deny"],
    ["GET", "/reposx", "deny"],
    ["GET", "/", "deny"],
    ["GET", "*", "deny"],
    ["OPTIONS", "*", "deny"],
    ["GET", "/repos/../user", "deny"],
    ["GET", "/repos/%2e%2e/user", "deny"],
    ["GET", "/repos/..;/user", "deny"],
    ["GET", "/repos/..%3B/user", "deny"],
    ["GET", "/repos/%2fuser", "deny"],
    ["GET", "/repos/%252e%252e/user", "deny"],
    ["GET", "/repos//user", "deny"],
    ["GET", "//repos/a", "deny"],
    ["GET", String.raw`/repos\..\user`, "deny"],
    ["GET", "/repos/a#b", "deny"],
    ["GET", "/repos/%00", "deny"],
    ["GET", "/repos/a%0a", "deny"],
    ["GET", "/repos/a%7F", "deny"],
    ["GET", "/repos/..%20/user", "deny"],
    ["GET", "/repos/.../user", "deny"],
    ["GET", "/repos/a%20b%23%3F%40", "allow"],
    ["GET", "/%40repos/a", "deny"],
    ["GET", "/repos/%zz", "deny"],
    ["GET", "/repos/\u00e9", "deny"],
    ["GET", `/repos/${"a".repeat(9000)}`, "deny"],
    ["GET", "repos/a", "deny"],
    ["GET", "", "deny"],
  ] as const)("allow GET of /repos/**: %s %s: %s", ([method, target, expected], { expect }) => {
    expect(effectOf([bounded({ methods: ["GET"], paths: ["/repos/**"] })], method, target)).toBe(expected);
  });

  it.for([
    ["DELETE", "/admin/x", "deny"],
    ["delete", "/admin/x", "deny"],
    ["DELETE", "/ADMIN/x", "deny"],
    ["DELETE", "/admin;v=1/x", "deny"],
    ["DELETE", "/admin%3bv=1/x", "deny"],
    ["DELETE", "/%61dmin/x", "deny"],
    ["DELETE", "/admin/", "deny"],
    ["DELETE", "/admin", "deny"],
    ["DELETE", "/public/../admin/x", "deny"],
    ["DELETE", "*", "deny"],
    ["GET", "/admin/x", "allow"],
    ["DELETE", "/administrators", "allow"],
    ["DELETE", "/", "allow"],
  ] as const)("deny DELETE of /admin/** on an open host: %s %s: %s", ([method, target, expected], { expect }) => {
    expect(effectOf([ruleOf("api.test"), bounded({ methods: ["DELETE"], paths: ["/admin/**"] }, "deny")], method, target)).toBe(expected);
  });

  it.for([
    "/@evil/x",
    "/%40evil/x",
    "/%40EVIL/x",
    "/%40%65vil/x",
    "/@evil./x",
    "/@evil%20/x",
    "/@evil%20.%20/x",
    "/@evil/x/",
    "/@evil;v/x",
    "/v1/%24batch",
    "/v1/$BATCH.",
    "/v1/$batch%20",
    "/v1/a%3Adelete",
    "/v1/a:delete%3Bv=1",
    "/v1/(a)%2cb",
    "/v1/%28a%29,b",
    "/v1/c%23",
    "/v1/c%23%20",
    "/v1/%2A",
    "/v1/*",
  ])("deny a path however it is spelled: %s", (target, { expect }) => {
    const denied = bounded({ paths: ["/@evil/**", "/v1/$batch", "/v1/*:delete", "/v1/(a),b", "/v1/c%23", "/v1/%2a"] }, "deny");
    expect(effectOf([ruleOf("api.test"), denied], "POST", target)).toBe("deny");
    expect(effectOf([ruleOf("api.test"), denied], "POST", "/v1/other:read")).toBe("allow");
  });

  it("take nothing away from what is open as a whole, and deny whatever allows", ({ expect }) => {
    const open = [ruleOf("**.test"), ruleOf("api.test"), bounded({ methods: ["GET"] })];
    expect(decideConnection(compilePolicy(open), api).requests).toBe(false);
    expect(effectOf(open, "POST", "/x")).toBe("allow");
    const shut = [bounded({ methods: ["GET", "POST"] }), bounded({ methods: ["POST"] }, "deny")];
    expect(effectOf(shut, "GET", "/x")).toBe("allow");
    expect(effectOf(shut, "POST", "/x")).toBe("deny");
    expect(effectOf([bounded({ methods: ["ANY"], paths: ["/a/*"] })], "PURGE", "/a/b")).toBe("allow");
    expect(effectOf([bounded({ methods: ["ANY"], paths: ["/a/*"] })], "PURGE", "/a/b/c")).toBe("deny");
  });

  it("hold in a ceiling as they do below it", ({ expect }) => {
    const policy = narrowPolicy(compilePolicy([ruleOf("api.test")]), { policy: compilePolicy([bounded({ methods: ["GET"] })]), name: "the ceiling" });
    expect(decideConnection(policy, api)).toMatchObject({ effect: "allow", requests: true });
    expect(decideRequest(policy, api, { method: "GET", target: "/" }).effect).toBe("allow");
    expect(decideRequest(policy, api, { method: "PUT", target: "/" })).toEqual({ effect: "deny", reason: "PUT of api.test:443/ is not among what the ceiling leaves" });
  });

  it("name their host by its name and their paths plainly", ({ expect }) => {
    for (const rule of [
      bounded({ methods: ["GET"] }, "allow", "192.0.2.0/24"),
      bounded({ methods: ["GET"] }, "deny", "192.0.2.7"),
      ...["/a/../b", "/a//b", "/a?b", "/%2f", `/${"*/".repeat(30)}`].map((path) => bounded({ paths: [path] })),
    ])
      expect(() => compilePolicy([rule])).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("say what was asked without its query", ({ expect }) => {
    const { reason } = decideRequest(compilePolicy([bounded({ methods: ["GET"], paths: ["/a"] })]), api, { method: "POST", target: "/b?token=hidden" });
    expect(reason).toBe("no rule allows POST of api.test:443/b; rule allow-bounded (user: allow GET of api.test at /a) is about other requests");
  });

  it("never allow by a path what a plain reading of the pattern does not name, for any path", ({ expect }) => {
    const policy = compilePolicy([bounded({ paths: ["/a/*/c", "/d/**"] })]);
    const part = fc.constantFrom("a", "c", "d", "..", ".", "%2e", "%2f", ";", "", "A", "%61", "x");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const target = `/${parts.join("/")}`;
        if (decideRequest(policy, api, { method: "GET", target }).effect === "deny") return;
        const { pathname } = new URL(target, "https://api.test");
        expect(decodeURIComponent(pathname)).toMatch(/^\/(?:a\/[^/]+\/c|d(?:\/.*)?)$/);
      }),
    );
  });

  it("take a time that no pattern can make long", ({ expect }) => {
    const stars = "/*a".repeat(20);
    expect(effectOf([bounded({ paths: [stars] })], "GET", `/${"a".repeat(8000)}`)).toBe("deny");
  });
});
