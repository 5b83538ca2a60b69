import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError, type EventInit } from "@sbx/contracts";
import type { SandboxRecord } from "@sbx/core";
import { describe, it } from "vitest";
import { PolicyService } from "../../src/policy/policy-service.ts";
import { aRecord } from "./a-record.ts";

function setup(): { readonly open: () => PolicyService; readonly userFile: string; readonly events: EventInit[] } & Disposable {
  const root = mkdtempSync(path.join(tmpdir(), "sbx-policy-"));
  const userFile = path.join(root, "config/policy.json");
  const events: EventInit[] = [];
  return {
    open: () =>
      new PolicyService({
        userFile,
        sandboxFile: (one) => path.join(root, "sandboxes", one, "policy.json"),
        serverFile: (server) => path.join(root, "config/mcp", `${server}.json`),
        record: (event) => events.push(event),
        changed: () => events.push({ type: "policy.changed", fields: { change: "told" } }),
      }),
    userFile,
    events,
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true });
    },
  };
}

const effect = (policy: PolicyService, name: string): string => policy.check({ kind: "name", name, port: 443 }, aRecord()).effect;

describe("rules", () => {
  it("of profile, command line, user and sandbox hold together, and any deny wins", ({ expect }) => {
    using place = setup();
    const policy = place.open();
    expect(["profile.test", "run.test", "other.test"].map((name) => effect(policy, name))).toEqual(["allow", "allow", "deny"]);
    policy.add("allow", { to: "other.test", note: undefined, record: aRecord() });
    const denial = policy.add("deny", { to: "profile.test", note: undefined });
    expect(["profile.test", "run.test", "other.test"].map((name) => effect(policy, name))).toEqual(["deny", "allow", "allow"]);
    policy.remove(denial.id);
    expect(effect(policy, "profile.test")).toBe("allow");
  });

  it("about single requests are decided as the wall does: where it can look at them, and as a denial elsewhere", ({ expect }) => {
    using place = setup();
    mkdirSync(path.dirname(place.userFile), { recursive: true });
    writeFileSync(place.userFile, JSON.stringify({ version: 1, rules: [{ id: "reads", effect: "allow", to: "other.test", layer: "user", methods: ["GET"] }] }));
    const policy = place.open();
    const check = (name: string, more: Partial<SandboxRecord> = {}): string => {
      const { effect: decided, reason } = policy.check({ kind: "name", name, port: 443 }, { ...aRecord(), ...more });
      return `${decided} ${reason}`;
    };
    expect(check("other.test")).toMatch(/^deny .*cannot be told apart/);
    const credentials = [{ service: "a", injections: [{ domain: "a.test", header: "x-key", format: "%s" }] }];
    expect(check("other.test", { credentials })).toMatch(/^allow .*reads.*each request is decided by its method and path$/);
    expect(check("profile.test", { credentials })).not.toContain("each request");
    expect(check("nowhere.test", { credentials })).toMatch(/^deny no rule allows/);
  });

  it("outlive the daemon without its database, in a file that only its owner reads", ({ expect }) => {
    using place = setup();
    place.open().add("deny", { to: "profile.test", note: "not this one" });
    expect(effect(place.open(), "profile.test")).toBe("deny");
    expect(statSync(place.userFile).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(place.userFile, "utf8"))).toMatchObject({ version: 1, rules: [{ effect: "deny", to: "profile.test", layer: "user", note: "not this one" }] });
  });

  it("that a person writes into the file hold at once", ({ expect }) => {
    using place = setup();
    const policy = place.open();
    policy.add("allow", { to: "first.test", note: undefined });
    expect(effect(policy, "second.test")).toBe("deny");
    writeFileSync(place.userFile, JSON.stringify({ version: 1, rules: [{ id: "mine", effect: "allow", to: "second.test", layer: "user" }] }));
    expect(effect(policy, "second.test")).toBe("allow");
    expect(effect(policy, "first.test")).toBe("deny");
  });

  it("stay in force when the file breaks, are not lost by a further change, and it is said once", ({ expect }) => {
    using place = setup();
    const policy = place.open();
    policy.add("deny", { to: "profile.test", note: undefined });
    writeFileSync(place.userFile, "{ half a fi");
    expect(effect(policy, "profile.test")).toBe("deny");
    expect(effect(policy, "profile.test")).toBe("deny");
    expect(() => policy.add("allow", { to: "x.test", note: undefined })).toThrow(AppError);
    expect(readFileSync(place.userFile, "utf8")).toBe("{ half a fi");
    expect(place.events.filter(({ fields }) => fields["change"] === "broken")).toHaveLength(1);
  });

  it("that never could be read allow nothing", ({ expect }) => {
    using place = setup();
    place.open().add("allow", { to: "x.test", note: undefined });
    for (const broken of ["{", JSON.stringify({ version: 1, rules: [{ id: "a", effect: "allow", to: "not a host!", layer: "user" }] }), JSON.stringify({ version: 2, rules: [] })]) {
      writeFileSync(place.userFile, broken);
      const policy = place.open();
      expect(() => policy.of(aRecord())).toThrow(AppError);
      expect(() => effect(policy, "profile.test")).toThrow(AppError);
    }
  });
});
