import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError, SandboxId, type Rule } from "@sbx/contracts";
import { addressNamed, decide, type CompiledPolicy } from "@sbx/egress-policy";
import { describe, it } from "vitest";
import { PolicyService } from "../../src/policy/policy-service.ts";
import { aRecord } from "./a-record.ts";

function entry(...hosts: readonly string[]): Rule[] {
  return hosts.map((to, index) => ({ id: `entry:${index + 1}`, effect: "allow", to, layer: "profile" }));
}

function setup(): { readonly policy: PolicyService } & Disposable {
  const root = mkdtempSync(path.join(tmpdir(), "sbx-policy-"));
  const policy = new PolicyService({
    userFile: path.join(root, "policy.json"),
    sandboxFile: (id) => path.join(root, id, "policy.json"),
    serverFile: (server) => path.join(root, "mcp", `${server}.json`),
    record: () => undefined,
    changed: () => undefined,
  });
  return {
    policy,
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true });
    },
  };
}

const effects = (policy: CompiledPolicy, ...names: readonly string[]): readonly string[] => names.map((name) => decide(policy, { kind: "name", name, port: 443 }).effect);

describe("the policy of a server", () => {
  it("has the hosts of its entry, and nothing of what its sandbox, the person's other rules or a profile allow", ({ expect }) => {
    using place = setup();
    place.policy.add("allow", { to: "user.test" });
    place.policy.add("allow", { to: "box.test", record: aRecord() });
    const of = place.policy.ofServer({ server: "search", rules: entry("api.test:443"), purpose: "run", owner: aRecord });
    expect(effects(of(), "api.test", "user.test", "box.test", "run.test", "profile.test")).toEqual(["allow", "deny", "deny", "deny", "deny"]);
  });

  it("has for install hooks of a sandbox's Kits the addresses that are open to the sandbox, where their names may lead, and no name more", ({ expect }) => {
    using place = setup();
    place.policy.add("allow", { to: "user.test" });
    place.policy.add("allow", { to: "10.1.2.3:443" });
    place.policy.add("allow", { to: "10.9.0.0/16", record: aRecord() });
    place.policy.add("deny", { to: "10.9.0.1" });
    const of = (hooks: boolean) => place.policy.ofServer({ server: "kits", rules: entry("api.test"), purpose: "install", hooks, owner: aRecord });
    const named = (hooks: boolean) => ["10.1.2.3", "10.9.0.7", "10.9.0.1", "10.2.2.2"].map((address) => addressNamed(of(hooks)(), { address, port: 443 }, 9));
    expect(named(true)).toEqual([true, true, false, false]);
    expect(named(false)).toEqual([false, false, false, false]);
    expect(effects(of(true)(), "api.test", "user.test", "box.test")).toEqual(["allow", "deny", "deny"]);
  });

  it("follows at once what a person allows or denies the server by its name, and not what another server is allowed", ({ expect }) => {
    using place = setup();
    const of = place.policy.ofServer({ server: "search", rules: entry("api.test"), purpose: "run", owner: aRecord });
    expect(effects(of(), "more.test")).toEqual(["deny"]);
    const rule = place.policy.add("allow", { to: "more.test", server: "search" });
    place.policy.add("allow", { to: "other.test", server: "fetch" });
    expect(rule.layer).toBe("server");
    expect(effects(of(), "more.test", "other.test")).toEqual(["allow", "deny"]);
    place.policy.add("deny", { to: "api.test", server: "search" });
    place.policy.remove(rule.id, { server: "search" });
    expect(effects(of(), "api.test", "more.test")).toEqual(["deny", "deny"]);
    expect(place.policy.rules({ server: "fetch" }).map(({ to }) => to)).toEqual(["other.test"]);
  });

  it("is bound by every denial of the person's and of its sandbox, at once", ({ expect }) => {
    using place = setup();
    const of = place.policy.ofServer({ server: "search", rules: entry("a.test", "b.test", "c.test"), purpose: "run", owner: aRecord });
    expect(effects(of(), "a.test", "b.test", "c.test")).toEqual(["allow", "allow", "allow"]);
    place.policy.add("deny", { to: "a.test" });
    place.policy.add("deny", { to: "b.test", record: aRecord() });
    expect(effects(of(), "a.test", "b.test", "c.test")).toEqual(["deny", "deny", "allow"]);
  });

  it("opens neither this machine nor an address because an entry says so, only because the person does", ({ expect }) => {
    using place = setup();
    const of = place.policy.ofServer({ server: "search", rules: entry("host.docker.internal:5432", "10.0.0.0/8", "169.254.169.254", "8.8.8.8", "**"), purpose: "run", owner: undefined });
    const gateway = { kind: "name", name: "host.docker.internal", port: 5432 } as const;
    expect(of().networks).toEqual([]);
    expect(decide(of(), gateway).effect).toBe("deny");
    place.policy.add("allow", { to: "host.docker.internal:5432", server: "search" });
    expect(decide(of(), gateway).effect).toBe("allow");
    expect(decide(of(), { ...gateway, port: 8811 }).effect).toBe("deny");
  });

  it("of an installation has nothing but the rules that it was given, and every denial", ({ expect }) => {
    using place = setup();
    place.policy.add("allow", { to: "more.test", server: "search" });
    const of = place.policy.ofServer({ server: "search", rules: entry("registry.test", "10.1.2.3:443"), purpose: "install", owner: undefined });
    expect(effects(of(), "registry.test", "more.test")).toEqual(["allow", "deny"]);
    expect(decide(of(), { kind: "address", address: "10.1.2.3", port: 443 }).effect).toBe("allow");
    place.policy.add("deny", { to: "registry.test" });
    expect(effects(of(), "registry.test")).toEqual(["deny"]);
  });

  it("allows nothing when its sandbox is gone", ({ expect }) => {
    using place = setup();
    const of = place.policy.ofServer({
      server: "search",
      rules: entry("api.test"),
      purpose: "run",
      owner: () => {
        throw new AppError("SANDBOX_NOT_FOUND", { message: "gone", fix: "none" });
      },
    });
    expect(of).toThrow(expect.objectContaining({ code: "SANDBOX_NOT_FOUND" }));
  });

  it.for(["../evil", "a/b", "", ".hidden", "x\0y", "x".repeat(101)])("keeps no rules for %j, which is no server's name", (server, { expect }) => {
    using place = setup();
    expect(() => place.policy.add("allow", { to: "api.test", server })).toThrow();
  });

  it("keeps a server's rules apart from a sandbox's of the same name", ({ expect }) => {
    using place = setup();
    place.policy.add("allow", { to: "api.test", server: SandboxId.parse("sbx_aaaaaaaa") });
    expect(effects(place.policy.of(aRecord()), "api.test")).toEqual(["deny"]);
  });
});
