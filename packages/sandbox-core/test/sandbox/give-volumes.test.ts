import { SandboxId } from "@sbx/contracts";
import { describe, it } from "vitest";
import type { ContainerSpec } from "../../src/ports/engine.ts";
import { giveVolumes } from "../../src/sandbox/prepare-home.ts";
import type { SandboxRecord } from "../../src/sandbox/sandbox-record.ts";

/** What is run to give a home to this user, where the image has an account of its own or the floor's. */
async function commandsFor(user: string, account?: SandboxRecord["account"]): Promise<readonly (readonly string[])[]> {
  const made: ContainerSpec[] = [];
  const engine = {
    create: (spec: ContainerSpec) => Promise.resolve(String(made.push(spec))),
    start: () => Promise.resolve(),
    inspect: () => Promise.resolve({ state: "exited", exitCode: 0 }),
    remove: () => Promise.resolve(),
  };
  const record = { id: SandboxId.parse("sbx_aaaaaaaa"), user, account, ready: true };
  const work = { engine, live: { record }, gateImage: "gate", signal: AbortSignal.timeout(5000) };
  await giveVolumes({ owner: "test" }, work as unknown as Parameters<typeof giveVolumes>[1]);
  return made.map(({ command }) => command);
}

describe("a new home", () => {
  const chown = (user: string) => [["/bin/chown", "-R", "--no-dereference", user, "/home-volume"]];

  it("is given to a sandbox's user whose number is not the image's user's", async ({ expect }) => {
    expect(await commandsFor("1234:1234")).toEqual(chown("1234:1234"));
    expect(await commandsFor("1000:1000")).toEqual([]);
  });

  it("is given to the floor's numbers too where the image's files are another user's", async ({ expect }) => {
    expect(await commandsFor("1000:1000", { name: "worker", uid: 4321, gid: 4321 })).toEqual(chown("1000:1000"));
    expect(await commandsFor("4321:4321", { name: "worker", uid: 4321, gid: 4321 })).toEqual(chown("4321:4321"));
  });
});
