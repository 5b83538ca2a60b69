import { SandboxId } from "@sbx/contracts";
import { describe, it } from "vitest";
import type { AgentProfile } from "../../src/kit/profile.ts";
import type { SandboxRecord } from "../../src/sandbox/sandbox-record.ts";
import { shareMounts } from "../../src/sandbox/share-mounts.ts";

const SHARES = [{ path: "/opt/cache", mode: 0o755, directory: "/kits/a" }];

/** Open shares of a sandbox whose Kits have volumes, texts and further shares at these paths; what was opened on the way. */
async function opened({ volumes = [], contexts = [], shares = [] }: { readonly volumes?: readonly string[]; readonly contexts?: readonly string[]; readonly shares?: readonly string[] }) {
  const made: string[] = [];
  const record = { id: SandboxId.parse("sbx_aaaaaaaa"), volumes: volumes.map((path) => ({ path, mode: 0o755 })), request: { workspace: "/work", extra: [] } };
  const all = [...SHARES, ...shares.map((path) => ({ path, mode: 0o755, directory: "/kits/b" }))];
  const parts = {
    shares: {
      open: ({ path }: { readonly path: string }) => {
        made.push(path);
        return Promise.resolve({ id: "0123456789abcdef", directory: `/state${path}` });
      },
    },
    workspace: { check: () => Promise.resolve({ path: "/work", uid: 1000, gid: 1000 }) },
    store: { putSandbox: () => undefined },
  };
  const live = { record, pod: undefined, running: false } as unknown as Parameters<typeof shareMounts>[1];
  const profile: Pick<AgentProfile, "shares" | "contexts"> = { shares: all, contexts: () => contexts.map((path) => ({ path, content: "x" })) };
  const mounts = await shareMounts(parts as unknown as Parameters<typeof shareMounts>[0], live, profile).catch((error: unknown) => error);
  return { made, mounts, record: live.record as Pick<SandboxRecord, "shares"> };
}

describe("directories that Kits share, as a sandbox has them", () => {
  it("are mounted writable, and the sandbox is known to have them", async ({ expect }) => {
    const { mounts, record } = await opened({ volumes: ["/opt/cached", "/data"], contexts: ["/opt/notes/NOTES.md"], shares: ["/opt/other"] });
    expect(mounts).toEqual(["/opt/cache", "/opt/other"].map((path) => ({ kind: "bind", source: `/state${path}`, target: path, readonly: false })));
    expect(record.shares).toHaveLength(2);
  });

  it.for([
    ["a volume", { volumes: ["/opt/cache/private"] }, "/opt/cache/private"],
    ["a text", { contexts: ["/opt/cache/deep/NOTES.md"] }, "/opt/cache/deep/NOTES.md"],
    ["another of them", { shares: ["/opt/cache/of-b"] }, "/opt/cache/of-b"],
  ] as const)("hold no mount, as other sandboxes change what is in them meanwhile: %s", async ([, places, named], { expect }) => {
    const { mounts, made } = await opened(places);
    expect(mounts).toMatchObject({ code: "KIT_UNSUPPORTED", message: expect.stringContaining(named) });
    expect(made).toEqual([]);
  });
});
