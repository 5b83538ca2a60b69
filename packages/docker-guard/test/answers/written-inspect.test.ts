import { test } from "vitest";
import { writtenInspect } from "../../src/answers/written-inspect.ts";
import type { Guard } from "../../src/guard.ts";
import type { OwnedContainer } from "../../src/owned/container-record.ts";
import { ContainerCreate } from "../../src/routes/schema/container-config.ts";

const NETWORK = "a".repeat(64);

const container = {
  id: "b".repeat(64),
  name: "db",
  record: { created: "2026-01-01T00:00:00Z", imageId: "sha256:1", hostname: "db", mounts: [], ports: [] },
  asked: ContainerCreate.parse({ Image: "postgres" }),
  published: [],
  endpoints: [{ network: NETWORK, address: "172.18.1.2", aliases: [] }],
} as unknown as OwnedContainer;

const facts = (status: string): unknown => ({
  Id: container.id,
  State: { Status: status, Running: status === "running", Paused: false, Restarting: false, OOMKilled: false, Dead: false, ExitCode: 0, StartedAt: "", FinishedAt: "" },
  Config: {},
});

interface Known {
  networks: { id: string; name: string; subnet: number }[];
  execs: { id: string }[];
}

/** A guard that knows these, and an engine's reply that counts how often it is read. */
function setup(known: Known = { networks: [{ id: NETWORK, name: "net", subnet: 1 }], execs: [] }) {
  const guard = { networks: { withId: (id: string) => known.networks.find((one) => one.id === id) }, execs: { of: () => known.execs } } as unknown as Guard;
  const read: string[] = [];
  const reply = (status: string, bytes = Buffer.from(JSON.stringify(facts(status)))) => ({
    status: 200,
    headers: {},
    bytes,
    get body() {
      read.push(status);
      return facts(status);
    },
  });
  const ask = (status: string, of = container): { Name: string; State: { Status: string }; ExecIDs: string[]; NetworkSettings: { Networks: object } } =>
    JSON.parse(writtenInspect(guard, of, reply(status)));
  return { known, guard, read, reply, ask };
}

test("what nothing has changed of is written again without being read", ({ expect }) => {
  const { read, ask } = setup();
  const first = ask("running");
  for (let more = 0; more < 5; more += 1) expect(ask("running")).toEqual(first);
  expect(read).toEqual(["running"]);
});

test("whatever changes is in the next answer: the engine's word, names, networks, and programs in it", ({ expect }) => {
  const { known, ask } = setup();
  expect(ask("running").State.Status).toBe("running");
  expect(ask("exited").State.Status).toBe("exited");
  expect(ask("running").State.Status).toBe("running");
  expect(ask("running", { ...container, name: "other" }).Name).toBe("/other");
  expect(ask("running").Name).toBe("/db");
  known.execs.push({ id: "e1" });
  expect(ask("running").ExecIDs).toEqual(["e1"]);
  known.execs.pop();
  expect(ask("running").ExecIDs).toEqual([]);
  expect(ask("running").NetworkSettings.Networks).toHaveProperty("net");
  known.networks = [];
  expect(ask("running").NetworkSettings.Networks).not.toHaveProperty("net");
  known.networks = [{ id: NETWORK, name: "again", subnet: 1 }];
  expect(ask("running").NetworkSettings.Networks).toHaveProperty("again");
});

test("an answer whose bytes are not known is read each time", ({ expect }) => {
  const { guard, read } = setup();
  const reply = () => ({
    status: 200,
    headers: {},
    get body() {
      read.push("read");
      return facts("running");
    },
  });
  writtenInspect(guard, container, reply());
  writtenInspect(guard, container, reply());
  expect(read).toEqual(["read", "read"]);
});
