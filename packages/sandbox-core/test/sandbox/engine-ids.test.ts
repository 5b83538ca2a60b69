import { SandboxId } from "@sbx/contracts";
import { describe, it } from "vitest";
import type { ContainerSpec, EngineInfo } from "../../src/ports/engine.ts";
import { EngineIds } from "../../src/sandbox/engine-ids.ts";
import { SAME_IDS } from "../../src/sandbox/id-view.ts";

const IMAGE = `sha256:${"a".repeat(64)}`;
const SANDBOX = SandboxId.parse("sbx_abcdefgh");
const { signal } = new AbortController();

interface World {
  readonly map: string;
  /** Who owns on the host what an id inside wrote; `undefined`: it is not there. */
  readonly owner: (writer: number) => number | undefined;
  readonly remaps?: EngineInfo["remaps"];
}

function world({ map, owner, remaps = "userns" }: World) {
  const containers = new Set<string>();
  const written: number[] = [];
  let disposed = 0;
  const engine = {
    info: { name: "Fake", version: "0", apiVersion: "1.41", endpoint: "memory", architecture: "amd64", remaps },
    create: async ({ name }: ContainerSpec) => {
      containers.add(name);
      return Promise.resolve(name);
    },
    start: async () => Promise.resolve(),
    remove: async (id: string) => {
      containers.delete(id);
      return Promise.resolve();
    },
    run: async (_id: string, { command, user }: { readonly command: readonly string[]; readonly user: string }) => {
      if (command[0] === "/bin/sh") written.push(Number(user.split(":")[0]));
      return Promise.resolve({ exitCode: 0, stdout: command[0] === "/bin/cat" ? map : "", stderr: "" });
    },
  };
  const ownerOf = async (name: string) => {
    const id = written.includes(Number(name)) ? owner(Number(name)) : undefined;
    return Promise.resolve(id === undefined ? undefined : { uid: id, gid: id });
  };
  const idProbe = async () =>
    Promise.resolve({
      directory: "/state/ids",
      ownerOf,
      [Symbol.asyncDispose]: async () => {
        disposed += 1;
        return Promise.resolve();
      },
    });
  const ids = new EngineIds({ files: { idProbe }, owner: "o" });
  return { of: async () => ids.of({ engine, gateImage: IMAGE, sandbox: SANDBOX, signal }), left: () => containers.size, disposed: () => disposed, written };
}

const MAP = "0 500000 65536\n";
const SHIFT = (id: number): number => 500_000 + id;

describe("the ids of an engine", () => {
  it("are believed of one that leaves them alone, without a container", async ({ expect }) => {
    const { of, written } = world({ map: MAP, owner: SHIFT, remaps: false });
    expect(await of()).toBe(SAME_IDS);
    expect(written).toEqual([]);
  });

  it.for(["userns", "rootless", "perhaps"] as const)("are asked once of one that says %s, and nothing of it stays", async (remaps, { expect }) => {
    const { of, written, left, disposed } = world({ map: MAP, owner: SHIFT, remaps });
    const range = { inside: 0, outside: 500_000, count: 65_536 };
    expect(await of()).toEqual({ uid: [range], gid: [range] });
    await of();
    expect(written).toEqual([0, 1000]);
    expect([left(), disposed()]).toEqual([0, 1]);
  });

  it.for<readonly [string, World]>([
    ["a map in numbers of another namespace", { map: "0 1 1000\n1000 0 1\n", owner: (id) => 1000 + id }],
    ["a map that leaves ids alone, and files that are root's", { map: "0 0 4294967295\n", owner: () => 0 }],
    ["files that are not there: another machine's directories", { map: MAP, owner: () => undefined }],
    ["no map", { map: "", owner: SHIFT }],
    ["a map that gives two ids to one", { map: "0 500000 10\n20 500000 2000\n", owner: SHIFT }],
  ])("are not believed from %s, and the next start asks again", async ([, told], { expect }) => {
    const { of, left, disposed } = world(told);
    for (let time = 1; time <= 2; time += 1) {
      await expect(of()).rejects.toMatchObject({ code: "PLATFORM_UNSUPPORTED", fix: expect.stringContaining("DOCKER_HOST") as unknown });
      expect([left(), disposed()]).toEqual([0, time]);
    }
  });
});
