import { Secret } from "@sbx/secret-injector";
import { describe, it } from "vitest";
import { sandboxCredentials } from "../../src/network/sandbox-credentials.ts";

describe("what is put on a sandbox's requests", () => {
  it("is what its Kits were granted, each asked for with the host and the port that it is bound to", async ({ expect }) => {
    const asked: string[] = [];
    const hostSecret = (name: string, host: string): Promise<Secret | undefined> => {
      asked.push(`${name} at ${host}`);
      return Promise.resolve(undefined);
    };
    const injections = [
      { domain: "api.github.com", header: "authorization", format: "token %s" },
      { domain: "*.github.com:8443", header: "authorization", format: "%s", username: "x" },
    ];
    const credentials = sandboxCredentials({ credentials: [{ service: "github", name: "T", placeholder: "p", injections }] }, "runtime", { hostSecret });
    expect(credentials).toMatchObject(
      injections.map((one) => ({ ...one, service: "github", fix: expect.stringMatching(/^sbx secret set github; sbx secret bind github --host (api.github.com|'[*].github.com:8443')$/) })),
    );
    for (const { secret } of credentials) expect(await secret("api.github.com")).toBeUndefined();
    expect(asked).toEqual(["github at api.github.com", "github at api.github.com:8443"]);
    expect(JSON.stringify(credentials)).not.toContain('"p"');
    expect(sandboxCredentials({}, "runtime", { hostSecret })).toEqual([]);
  });

  it("is of one phase: nothing of what runs later is put on what hooks ask, and the other way round", ({ expect }) => {
    const injections = [{ domain: "a.test", header: "x", format: "%s" }];
    const credentials = [
      { service: "early", injections, phases: ["install" as const] },
      { service: "both", injections, phases: ["install" as const, "runtime" as const] },
      { service: "late", injections, phases: ["runtime" as const] },
      { service: "older", injections },
    ];
    const of = (phase: "install" | "runtime"): readonly string[] => sandboxCredentials({ credentials }, phase, { hostSecret: () => Promise.resolve(undefined) }).map(({ service }) => service);
    expect([of("install"), of("runtime")]).toEqual([
      ["early", "both"],
      ["both", "late", "older"],
    ]);
  });
});
