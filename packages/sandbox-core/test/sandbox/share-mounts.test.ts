import { SandboxId } from "@sbx/contracts";
import { describe, it } from "vitest";
import type { AgentProfile } from "../../src/kit/profile.ts";
import type { SandboxRecord } from "../../src/sandbox/sandbox-record.ts";
import { SAME_IDS, type IdView } from "../../src/sandbox/id-view.ts";
import { shareMounts } from "../../src/sandbox/share-mounts.ts";

const SHARES = [{ path: "/opt/cache", mode: 0o755, directory: "/kits/a" }];

/** Open shares of a sandbox whose Kits have volumes, texts and further shares at these paths; what was opened on the way. */
async function opened({
  volumes = [],
  contexts = [],
  shares = [],
  ids = SAME_IDS,
}: {
  readonly volumes?: readonly string[];
  readonly contexts?: readonly string[];
  readonly shares?: readonly string[];
  readonly ids?: IdView;
}) {
  const made: string[] = [];
  const owners: unknown[] = [];
  const record = { id: SandboxId.parse("sbx_aaaaaaaa"), user: "1234:1235", volumes: volumes.map((path) => ({ path, mode: 0o755 })), request: { workspace: "/work", extra: [] } };
  const all = [...SHARES, ...shares.map((path) => ({ path, mode: 0o755, directory: "/kits/b" }))];
  const parts = {
    shares: {
      open: ({ path, owner }: { readonly path: string; readonly owner: unknown }) => {
        made.push(path);
        owners.push(owner);
        return Promise.resolve({ id: "0123456789abcdef", directory: `/state${path}` });
      },
    },
    store: { putSandbox: () => undefined },
  };
  const live = { record, pod: undefined, running: false } as unknown as Parameters<typeof shareMounts>[1]["live"];
  const profile: Pick<AgentProfile, "shares" | "contexts"> = { shares: all, contexts: () => contexts.map((path) => ({ path, content: "x" })) };
  const mounts = await shareMounts(parts as unknown as Parameters<typeof shareMounts>[0], { live, profile, ids }).catch((error: unknown) => error);
  return { made, owners, mounts, record: live.record as Pick<SandboxRecord, "shares"> };
}

describe("directories that Kits share, as a sandbox has them", () => {
  it("are mounted writable, and the sandbox is known to have them", async ({ expect }) => {
    const { mounts, record } = await opened({ volumes: ["/opt/cached", "/data"], contexts: ["/opt/notes/NOTES.md"], shares: ["/opt/other"] });
    expect(mounts).toEqual(["/opt/cache", "/opt/other"].map((path) => ({ kind: "bind", source: `/state${path}`, target: path, readonly: false })));
    expect(record.shares).toHaveLength(2);
  });

  it("are the sandbox's user's, as the host sees that one", async ({ expect }) => {
    const ranges = [{ inside: 0, outside: 500_000, count: 65_536 }];
    expect((await opened({})).owners).toEqual([{ uid: 1234, gid: 1235 }]);
    expect((await opened({ ids: { uid: ranges, gid: ranges } })).owners).toEqual([{ uid: 501_234, gid: 501_235 }]);
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
