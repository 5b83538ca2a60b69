import { AppError, type Event } from "@sbx/contracts";
import { describe, it } from "vitest";
import { followEvents, type EventParts } from "../../src/sdk/follow-events.ts";
import { anEvent, fakeDaemon } from "./fake-connection.ts";

const gone = () => new AppError("DAEMON_UNREACHABLE", { message: "gone", fix: "start it" });

/** A daemon that dies after each `each` events and is there again, with `total` events in its record. */
function dyingDaemon(total: number, each: number): EventParts {
  const { connection } = fakeDaemon({
    handlers: { listEvents: () => Promise.resolve([anEvent({ id: 2 })]) },
    events: function* (after = 0) {
      for (let id = after + 1; id <= Math.min(after + each, total); id += 1) yield anEvent({ id });
      throw gone();
    },
  });
  return { connect: () => Promise.resolve(connection), find: () => Promise.resolve(connection), sleep: () => Promise.resolve() };
}

async function take(events: AsyncIterable<Event>, count: number): Promise<number[]> {
  const ids: number[] = [];
  for await (const { id } of events) {
    ids.push(id);
    if (ids.length === count) break;
  }
  return ids;
}

describe("events that are followed", () => {
  it("come each once and in order, over deaths of the daemon", async ({ expect }) => {
    expect(await take(followEvents(dyingDaemon(20, 3), { after: 0 }), 20)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it("go on after the one that is named, or begin now", async ({ expect }) => {
    expect(await take(followEvents(dyingDaemon(20, 3), { after: 11 }), 3)).toEqual([12, 13, 14]);
    expect(await take(followEvents(dyingDaemon(20, 3), {}), 2)).toEqual([3, 4]);
  });

  it("of a sandbox end with its removal", async ({ expect }) => {
    const { connection } = fakeDaemon({ events: () => [anEvent({ id: 1 }), anEvent({ id: 2, type: "sandbox.removed" }), anEvent({ id: 3 })] });
    const parts = { connect: () => Promise.resolve(connection), find: () => Promise.resolve(connection), sleep: () => Promise.resolve() };
    expect(await take(followEvents(parts, { after: 0, sandbox: "sbx_k3v9q2m1" }), 9)).toEqual([1, 2]);
  });

  it("end at the signal", async ({ expect }) => {
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const { id } of followEvents(dyingDaemon(20, 3), { after: 0, signal: stop.signal })) {
      seen.push(id);
      if (id === 3) stop.abort();
    }
    expect(seen).toEqual([1, 2, 3]);
  });

  it("end with the reason when no daemon comes back, and none is started for them", async ({ expect }) => {
    const parts = dyingDaemon(20, 3);
    await expect(take(followEvents({ ...parts, find: () => Promise.resolve(undefined) }, { after: 0 }), 20)).rejects.toMatchObject({ code: "DAEMON_UNREACHABLE" });
  });

  it("that break for another reason say it", async ({ expect }) => {
    const { connection } = fakeDaemon({
      events: () => {
        throw new AppError("SANDBOX_NOT_FOUND", { message: "none", fix: "list them" });
      },
    });
    const parts = { connect: () => Promise.resolve(connection), find: () => Promise.resolve(connection), sleep: () => Promise.resolve() };
    await expect(take(followEvents(parts, { after: 0 }), 1)).rejects.toMatchObject({ code: "SANDBOX_NOT_FOUND" });
  });
});
