import { planServer } from "@sbx/catalog";
import { ServerEntry, type EventInit } from "@sbx/contracts";
import { describe, it } from "vitest";
import { ServerPreparations } from "../../../src/mcp/running/server-preparations.ts";
import type { FindProgram, ServerPrograms } from "../../../src/mcp/running/server-programs.ts";

const PROGRAM = { image: "sha256:1", command: ["x"], workdir: "/", env: {}, volumes: [], scratch: [] };
const plan = planServer(ServerEntry.parse({ name: "slow", source: { kind: "npm", package: "slow", version: "1.0.0" } }));
const { signal } = new AbortController();

function setup(find: FindProgram) {
  const events: EventInit[] = [];
  let clock = 0;
  const programs: ServerPrograms = { image: find, npm: find, pypi: find, bundle: find };
  const preparations = new ServerPreparations({ programs, record: (event) => void events.push(event), now: () => (clock += 5) });
  return { preparations, events, states: () => events.map(({ type, fields }) => `${type} ${String(fields["server"])} ${String(fields["state"])} ${String(fields["text"] ?? "")}`.trim()) };
}

describe("the preparation of a server", () => {
  it("tells each line of what takes long, and is seen meanwhile", async ({ expect }) => {
    const go = Promise.withResolvers<undefined>();
    const { preparations, states } = setup(async (_plan, { progress }) => {
      progress("fetching");
      progress("");
      progress("unpacking");
      await go.promise;
      return PROGRAM;
    });
    const lines: string[] = [];
    const work = preparations.prepare(plan, { progress: (line) => lines.push(line), signal });
    expect(preparations.current()).toMatchObject([{ server: "slow", step: "unpacking" }]);
    go.resolve(undefined);
    expect(await work).toBe(PROGRAM);
    expect(preparations.current()).toEqual([]);
    expect(lines).toEqual(["fetching", "unpacking"]);
    expect(states()).toEqual(["server.progress slow started", "server.progress slow line fetching", "server.progress slow line unpacking", "server.progress slow done"]);
  });

  it("tells nothing of what is there already", async ({ expect }) => {
    const { preparations, events } = setup(() => Promise.resolve(PROGRAM));
    const work = preparations.prepare(plan, { progress: () => undefined, signal });
    expect(preparations.current()).toEqual([]);
    await work;
    expect(events).toEqual([]);
  });

  it("that fails says so, and is over", async ({ expect }) => {
    const { preparations, states } = setup(async (_plan, { progress }) => {
      progress("fetching".repeat(1000));
      return await Promise.reject(new Error("no such package"));
    });
    await expect(preparations.prepare(plan, { progress: () => undefined, signal })).rejects.toThrow("no such package");
    expect(states().at(-1)).toBe("server.progress slow failed");
    expect(Math.max(...states().map(({ length }) => length))).toBeLessThan(400);
    expect(preparations.current()).toEqual([]);
  });
});
