import { AppError, SandboxId } from "@sbx/contracts";
import { describe, it } from "vitest";
import type { ContainerEngine } from "../../src/ports/engine.ts";
import { kitVolume, kitVolumeMounts, refuseLinkedPlaces, refuseVolumesWithin, volumesAnew } from "../../src/sandbox/kit-volumes.ts";

const VOLUMES = [
  { path: "/data", mode: 0o750, stated: { mode: "0750" } },
  { path: "/opt/cache", mode: 0o700, memoryBytes: 1 << 20, stated: { size: "1m", mode: "700" } },
];

const PLACES = VOLUMES.map(({ path }) => path);
const ID = SandboxId.parse("sbx_aaaaaaaa");

/** An engine whose containers have these links. */
function withLinks(...links: readonly string[]): ContainerEngine {
  return { isLink: (_id: string, path: string) => Promise.resolve(links.includes(path)) } as ContainerEngine;
}

describe("volumes of Kits", () => {
  it("have a name for each sandbox and path, and get nothing of the image; those in memory belong to the user", ({ expect }) => {
    expect(kitVolumeMounts({ id: ID, volumes: VOLUMES }, { uid: 1234, gid: 5678 })).toEqual([
      { kind: "volume", source: kitVolume({ id: ID }, "/data"), target: "/data", staysEmpty: true },
      { kind: "tmpfs", target: "/opt/cache", sizeBytes: 1 << 20, mode: 0o700, uid: 1234, gid: 5678 },
    ]);
    const names = [ID, SandboxId.parse("sbx_bbbbbbbb")].flatMap((id) => ["/data", "/data/x", "/opt"].map((path) => kitVolume({ id }, path)));
    expect(new Set(names).size).toBe(6);
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]+$/);
  });

  it.for([
    ["/data", [], "/data"],
    ["/data/project", [], "/data/project"],
    ["/work", ["/opt/cache/deep"], "/opt/cache/deep"],
    ["/work", ["/opt"], "/opt"],
  ] as const)("do not lie over a directory of the person's: %s %j", ([workspace, extra, named], { expect }) => {
    const request = { workspace, extra: extra.map((path) => ({ path, readonly: true })) };
    expect(() => {
      refuseVolumesWithin(request, { volumes: VOLUMES });
    }).toThrow(expect.objectContaining({ code: "KIT_UNSUPPORTED", message: expect.stringContaining(named) }));
  });

  it("may lie beside one", ({ expect }) => {
    expect(() => {
      refuseVolumesWithin({ workspace: "/database", extra: [{ path: "/opt/other", readonly: true }] }, { volumes: VOLUMES });
    }).not.toThrow();
  });

  it.for(["/data", "/opt", "/opt/cache"])("are refused where the sandbox has a link at %s", async (link, { expect }) => {
    await expect(refuseLinkedPlaces(withLinks("/dat", "/data/x"), "w", PLACES)).resolves.toBeUndefined();
    await expect(refuseLinkedPlaces(withLinks(link), "w", PLACES)).rejects.toSatisfy((error) => AppError.is(error) && error.code === "KIT_UNSUPPORTED" && error.message.includes(`${link} is a link`));
  });
});

describe("volumes of a sandbox whose Kits are chosen anew", () => {
  const disk = (path: string, stated: { readonly size?: string; readonly mode?: string } = {}) => ({ path, mode: 0o700, stated });
  const memory = (path: string) => ({ ...disk(path), memoryBytes: 1 << 20 });

  it("stay where they are asked for as before, in whatever words, and are kept aside where no Kit asks any more", ({ expect }) => {
    const record = { volumes: [disk("/a", { size: "1g", mode: "0700" }), disk("/b")], dormant: [{ path: "/c", stated: {} }] };
    expect(volumesAnew(record, [disk("/a", { size: "1024MiB", mode: "700" }), disk("/c"), disk("/new")])).toEqual({
      volumes: [{ ...disk("/a", { size: "1024MiB", mode: "700" }), kept: true }, { ...disk("/c"), kept: true }, disk("/new")],
      dormant: [{ path: "/b", stated: {} }],
    });
    expect(volumesAnew(record, [])).toEqual({
      volumes: [],
      dormant: [
        { path: "/a", stated: { size: "1g", mode: "0700" } },
        { path: "/b", stated: {} },
        { path: "/c", stated: {} },
      ],
    });
  });

  it.for([
    [disk("/a", { size: "1g" }), disk("/a", { size: "2g" })],
    [disk("/a", { size: "1g" }), disk("/a")],
    [disk("/a"), disk("/a", { size: "0" })],
    [disk("/a", { mode: "700" }), disk("/a", { mode: "755" })],
    [disk("/a"), disk("/a", { mode: "000" })],
    [disk("/a", { size: "9007199254740993" }), disk("/a", { size: "9007199254740992" })],
    [disk("/a"), memory("/a")],
    [memory("/a"), disk("/a")],
  ] as const)("are refused where they are stated otherwise: %j, %j", ([before, wanted], { expect }) => {
    const refusal = expect.objectContaining({ code: "KIT_CONFLICT", message: expect.stringContaining("/a") });
    expect(() => volumesAnew({ volumes: [before] }, [wanted])).toThrow(refusal);
    if (!("memoryBytes" in before)) expect(() => volumesAnew({ dormant: [{ path: "/a", stated: before.stated }] }, [wanted])).toThrow(refusal);
  });

  it("of an older version, which did not note how they were stated, are taken as the same", ({ expect }) => {
    expect(volumesAnew({ volumes: [{ path: "/a", mode: 0o700 }] }, [disk("/a", { size: "1g" })]).volumes).toEqual([{ ...disk("/a", { size: "1g" }), kept: true }]);
  });
});
