import { compilePolicy, decide } from "@sbx/egress-policy";
import { describe, it } from "vitest";
import { createInstallRules } from "../../src/network/install-rules.ts";

const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  "public.test": ["93.184.216.34"],
  "files.test": ["93.184.216.35"],
  "private.test": ["10.1.2.3"],
  "private-files.test": ["10.1.2.4"],
  "metadata.test": ["169.254.169.254"],
  "loopback.test": ["127.0.0.1"],
  "own.test": ["10.9.9.9"],
  "six.test": ["fd00::1"],
};
const reach = createInstallRules({ resolve: (name) => Promise.resolve(ADDRESSES[name] ?? []), own: () => ["10.9.9.9"] });
const to = async (index: string, files: readonly string[] = []): Promise<readonly string[]> =>
  (
    await reach(
      new URL(index),
      files.map((file) => new URL(file)),
    )
  ).map((rule) => rule.to);

describe("what an installation may reach", () => {
  it("is the index, at its port, and the hosts of its files", async ({ expect }) => {
    expect(await to("https://public.test/simple", ["https://files.test/a", "https://files.test/b", "https://public.test/c"])).toEqual(["public.test:443", "files.test:443"]);
    expect(await to("http://public.test:4873/")).toEqual(["public.test:4873"]);
  });

  it("are private addresses only where the person's index lies in a private network itself", async ({ expect }) => {
    expect(await to("https://private.test/", ["https://private-files.test/a"])).toEqual(["private.test:443", "10.1.2.3:443", "private-files.test:443", "10.1.2.4:443"]);
    expect(await to("https://public.test/", ["https://private-files.test/a"])).toEqual(["public.test:443", "private-files.test:443"]);
  });

  it.for(["metadata.test", "loopback.test", "own.test", "six.test", "unknown.test"])("is never an address of %s", async (host, { expect }) => {
    expect(await to(`https://${host}/`, [`https://private-files.test/`])).toEqual([`${host}:443`, "private-files.test:443"]);
  });

  it("is nothing else", async ({ expect }) => {
    const policy = compilePolicy(await reach(new URL("https://private.test/"), []));
    for (const [kind, host] of [
      ["name", "evil.test"],
      ["address", "10.1.2.4"],
      ["address", "169.254.169.254"],
    ] as const)
      expect(decide(policy, kind === "name" ? { kind, name: host, port: 443 } : { kind, address: host, port: 443 }).effect).toBe("deny");
    expect(decide(policy, { kind: "address", address: "10.1.2.3", port: 22 }).effect).toBe("deny");
  });
});
