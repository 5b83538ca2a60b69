import { AppError, type HostBinding } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { bindHost, isBoundToHost, MODEL_SERVICES, parseBoundHost, unbindHost } from "../src/index.ts";

const AT = "2026-01-02T03:04:05.000Z";
const bound = (secret: string, host: string): HostBinding => ({ secret, host, boundAt: AT });
const problemOf = (work: () => unknown): AppError | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (AppError.is(error)) return error;
    throw error;
  }
};

describe("a secret that is bound to a host", () => {
  it("goes to that host alone", ({ expect }) => {
    const hosts = [bound("k", "api.example.org")];
    for (const same of ["api.example.org", "API.Example.ORG", "api.example.org.", "api.example.org:443"]) expect(isBoundToHost(hosts, "k", same), same).toBe(true);
    for (const other of [
      "evil-api.example.org",
      "api.example.org.evil.com",
      "x.api.example.org",
      "example.org",
      "apixexample.org",
      "api.example.orgx",
      "api.example.org:8443",
      "api.example.org:80",
      "api.example.org:443:443",
      "api.example.org:0443",
      "api.example.org:",
      ":443",
      "api.example.org..",
      ".api.example.org",
      "api.example.org@evil.com",
      "evil.com#api.example.org",
      "api.example.org\n",
      "api.example.org\u0000.evil.com",
      " api.example.org",
      "api%2eexample.org",
      "аpi.example.org",
      "ap\u0131.example.org",
      "*.example.org",
      "**",
      "",
    ])
      expect(isBoundToHost(hosts, "k", other), JSON.stringify(other)).toBe(false);
    for (const name of ["K", "k2", "", "constructor", "__proto__"]) expect(isBoundToHost(hosts, name, "api.example.org"), name).toBe(false);
  });

  it("goes to one label before a suffix, and neither to the suffix nor to what is deeper", ({ expect }) => {
    const hosts = [bound("k", "*.example.org")];
    expect(isBoundToHost(hosts, "k", "api.example.org")).toBe(true);
    for (const other of ["example.org", "a.b.example.org", "evil-example.org", "api.example.org.evil.com", ".example.org", "*.example.org", "api.example.org:8443"])
      expect(isBoundToHost(hosts, "k", other), other).toBe(false);
  });

  it("goes to the port that was named, and to no other", ({ expect }) => {
    const hosts = [bound("k", "api.example.org:8443"), bound("k", "*.example.net:8443")];
    for (const host of ["api.example.org:8443", "a.example.net:8443"]) expect(isBoundToHost(hosts, "k", host), host).toBe(true);
    for (const host of ["api.example.org", "api.example.org:443", "api.example.org:84430", "a.example.net"]) expect(isBoundToHost(hosts, "k", host), host).toBe(false);
  });

  it("goes nowhere when it is a model provider's key, whatever is written down", ({ expect }) => {
    for (const { secret } of Object.values(MODEL_SERVICES)) expect(isBoundToHost([bound(secret, "api.example.org")], secret, "api.example.org"), secret).toBe(false);
  });

  it("goes nowhere by a binding that nobody could have made", ({ expect }) => {
    const hosts = [
      "**",
      "*",
      "*.org",
      "**.example.org",
      "*.*.org",
      "198.51.100.7",
      "198.51.100.0/24",
      "API.EXAMPLE.ORG",
      "api.example.org:443",
      "*.sbx.internal",
      "model.sbx.internal",
      "host.docker.internal",
    ];
    for (const host of ["api.example.org", "example.org", "198.51.100.7", "model.sbx.internal", "x.sbx.internal", "host.docker.internal"])
      expect(
        isBoundToHost(
          hosts.map((one) => bound("k", one)),
          "k",
          host,
        ),
        host,
      ).toBe(false);
    expect(isBoundToHost([bound("k", "*.docker.internal")], "k", "host.docker.internal")).toBe(false);
  });

  it("goes nowhere where its binding differs in anything", ({ expect }) => {
    const label = fc.constantFrom("a", "b", "example");
    const host = fc.tuple(fc.array(label, { minLength: 2, maxLength: 4 }), fc.constantFrom("", ":8443")).map(([labels, port]) => [labels.join("."), port] as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom("s1", "s2"), fc.boolean(), host)), fc.constantFrom("s1", "s2"), host, (pairs, secret, [name, port]) => {
        const hosts = pairs.map(([one, wild, [suffix, at]]) => bound(one, parseBoundHost(`${wild ? "*." : ""}${suffix}${at}`)));
        const may = pairs.some(([one, wild, [suffix, at]]) => one === secret && at === port && (wild ? name.split(".").slice(1).join(".") === suffix : name === suffix));
        expect(isBoundToHost(hosts, secret, `${name}${port}`)).toBe(may);
      }),
    );
  });
});

describe("the person", () => {
  it("binds a secret to several hosts, each once and in one form", ({ expect }) => {
    const words = ["API.Example.org", "api.example.org.", "api.example.org:443", "*.example.org", "api.example.org:8443"];
    const hosts = words.reduce<readonly HostBinding[]>((all, host) => bindHost(all, { secret: "k", host, at: AT }).hosts, []);
    expect(hosts.map(({ host }) => host)).toEqual(["api.example.org", "*.example.org", "api.example.org:8443"]);
    expect(unbindHost(hosts, "k", "*.example.org").map(({ host }) => host)).toEqual(["api.example.org", "api.example.org:8443"]);
    expect(unbindHost(hosts, "other", "*.example.org")).toBe(hosts);
    expect(unbindHost(hosts, "k", "b.example.org")).toBe(hosts);
  });

  it.for([
    "",
    "**",
    "*",
    "**.example.org",
    "*.*.example.org",
    "api.*.org",
    "*.org",
    "*.localhost",
    "*example.org",
    "198.51.100.7",
    "198.51.100.0/24",
    "0.0.0.0/0",
    "127.1",
    "0x7f.1",
    "2130706433",
    "[::1]",
    "::1",
    "localhost",
    "a.localhost",
    "model.sbx.internal",
    "sbx.internal",
    "*.sbx.internal",
    "host.docker.internal",
    "host.docker.internal:8443",
    "host.docker.internal:8811",
    "https://api.example.org",
    "api.example.org/path",
    "user@api.example.org",
    "api.example.org:0",
    "api.example.org:70000",
    "api.example.org:443-445",
    "api.example.org:1-65535",
    "api.example.org:",
    "api example.org",
    "api.example.org\n",
    "api.example.org\u001B[31m",
    "аpi.example.org",
    `${"a".repeat(64)}.example.org`,
  ])("is refused what is no host, and told what to write: %j", (host, { expect }) => {
    const problem = problemOf(() => bindHost([], { secret: "k", host, at: AT }));
    expect(problem?.code).toBe("CONFIG_INVALID");
    expect(problem?.fix).toContain("api.example.org");
    // oxlint-disable-next-line no-control-regex -- what a terminal would obey
    expect(problem?.message).not.toMatch(/[\u0000-\u001F]/);
  });

  it("cannot bind a model's key to a host", ({ expect }) => {
    for (const { secret } of Object.values(MODEL_SERVICES)) {
      const problem = problemOf(() => bindHost([], { secret, host: "api.example.org", at: AT }));
      expect([problem?.code, problem?.fix]).toEqual(["CONFIG_INVALID", `Keep a key for the host under a name of its own: sbx secret set ${secret}.api_key`]);
    }
  });
});
