import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import type { Engine } from "../../src/ports/engine.ts";
import type { SandboxRecord } from "../../src/sandbox/sandbox-record.ts";
import { trustMounts } from "../../src/sandbox/trust-mounts.ts";

const WHOLE = { id: "profile:allow:1", effect: "allow", to: "a.example", layer: "profile" } as const;
const INJECTIONS = [{ domain: "a.example", header: "x-key", format: "%s" }];

async function mounted(record: Partial<SandboxRecord>, image?: string) {
  const written: string[] = [];
  const files = {
    write(_id: string, name: string, content: string) {
      written.push(content);
      return Promise.resolve(`/state/${name}`);
    },
  };
  const engine = { readFile: () => (image === undefined ? Promise.reject(new AppError("ENGINE_FAILED", { message: "none", fix: "none" })) : Promise.resolve(Buffer.from(image))) };
  const authorities = { bundle: (_id: string, text: string | undefined) => Promise.resolve(`${text ?? "public"} own`) };
  const mounts = await trustMounts({ files, authorities } as unknown as Parameters<typeof trustMounts>[0], engine as unknown as Engine, { profileRules: [], ...record } as SandboxRecord);
  return { mounts, written };
}

describe("the authorities that a sandbox trusts", () => {
  it.for([
    ["a rule about single requests", { profileRules: [{ ...WHOLE, methods: ["GET"] }] }],
    ["a rule about paths", { profileRules: [{ ...WHOLE, effect: "deny", paths: ["/x"] }] }],
    ["a credential", { credentials: [{ service: "a", injections: INJECTIONS }] }],
  ] as const)("are its own, shown read-only after those of its image, with %s", async ([, record], { expect }) => {
    const { mounts, written } = await mounted(record as unknown as Partial<SandboxRecord>, "image");
    expect(mounts).toEqual([{ kind: "bind", source: expect.stringMatching(/^\/state\/authorities-[0-9a-f]{24}$/), target: "/etc/ssl/certs/ca-certificates.crt", readonly: true }]);
    expect(written).toEqual(["image own"]);
    const bare = await mounted(record as unknown as Partial<SandboxRecord>);
    expect(bare.written).toEqual(["public own"]);
    // Another text is another file, and so another container.
    expect(bare.mounts).not.toEqual(mounts);
  });

  it("are its image's own where no request is looked at", async ({ expect }) => {
    expect(await mounted({ profileRules: [WHOLE] })).toEqual({ mounts: [], written: [] });
  });
});
