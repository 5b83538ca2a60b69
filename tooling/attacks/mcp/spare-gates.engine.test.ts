import { execFile } from "node:child_process";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { reapServers } from "@sbx/core";
import { afterAll, beforeAll, describe, it, type ExpectStatic } from "vitest";
import { PRELUDE } from "../pod/pod-lab.ts";
import { startWitness, type Witness } from "../pod/witness.ts";
import { ServerLab, type Equipment } from "./server-lab.ts";

let equipment: Equipment;
let lab: ServerLab;
let witness: Witness;

beforeAll(async () => {
  equipment = await ServerLab.equip();
  lab = await ServerLab.make(equipment, { spareGates: true });
  witness = await startWitness();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  await witness[Symbol.asyncDispose]();
});

const seen = new Set<string>();

/** The one gate that waits for a server, when it is ready. */
async function spare(expect: ExpectStatic): Promise<string> {
  lab.pods.expect();
  await expect.poll(() => lab.containers(), { timeout: 60_000 }).toEqual(["server-gate"]);
  const [gate] = await lab.engine.list([`dev.sbx.owner=${lab.owner}`]);
  seen.add(gate?.id ?? "none");
  await expect.poll(() => lab.events.filter(({ type, fields }) => type === "gate.ready" && fields["spare"] === true).length, { timeout: 30_000 }).toBe(seen.size);
  return gate?.id ?? "none";
}

describe("the gate that waits for a server", () => {
  it("lets out nothing while it is nobody's, not for whoever gets into its network, and answers no name", async ({ expect }) => {
    const gate = await spare(expect);
    const before = lab.events.length;
    const places = JSON.stringify([
      ...witness.addresses.map((address) => [address, witness.port]),
      ["named.test", 443],
      ["host.docker.internal", witness.port],
      ["mcp.sbx.internal", 80],
      ["169.254.169.254", 80],
      ["1.2.3.4", 443],
    ]);
    const { stdout } = await promisify(execFile)("docker", [
      "run",
      "--rm",
      "--network",
      `container:${gate}`,
      equipment.baseImage,
      "timeout",
      "60",
      "python3",
      "-c",
      `${PRELUDE}\nsay([tcp(a, p)[:12] for a, p in ${places}])`,
    ]);
    for (const reply of JSON.parse(stdout) as readonly string[]) expect(reply).toMatch(/^(ECONNRESET|ECONNREFUSED|HTTP\/1\.1 40|timeout)/);
    expect(witness.seen()).toBe(0);
    expect(lab.events.slice(before).filter(({ type }) => type === "egress.allowed")).toEqual([]);
  });

  it("is given to one server, with that one's rules, name and sandbox and those of none before or after it", async ({ expect }) => {
    const gate = await spare(expect);
    const owner = await lab.sandbox();
    await using first = await lab.pods.start(
      lab.launch({ server: "first", sandbox: owner, rules: [{ id: "entry:1", effect: "allow", to: "named.test:443", layer: "profile" }] }),
      AbortSignal.timeout(60_000),
    );
    expect((await lab.engine.list([`dev.sbx.owner=${lab.owner}`, "dev.sbx.role=server-gate"])).map(({ id }) => id)).toContain(gate);
    const before = lab.events.length;
    // This one waits for no spare gate, or is given the next.
    expect(await lab.python(`say([tcp("named.test", 443)[:12], tcp("1.2.3.4", 5432)[:12]])`, { server: "second" })).toEqual([expect.not.stringContaining("ok"), expect.not.stringContaining("ok")]);
    const denied = lab.events.slice(before).filter(({ type }) => type === "egress.denied");
    expect(denied.length).toBeGreaterThan(0);
    for (const { sandbox, fields } of denied) expect([sandbox, fields["server"], fields["spare"]]).toEqual([undefined, "second", undefined]);
    first.stdin.end("mine\n");
    expect(await text(first.stdout)).toBe("mine\n");
  });

  it("gives a server by the record what it is refused, under the server's own name", async ({ expect }) => {
    await spare(expect);
    const owner = await lab.sandbox();
    const before = lab.events.length;
    await lab.python(`tcp("named.test", 5432); say(1)`, { sandbox: owner, server: "search", rules: [{ id: "entry:1", effect: "allow", to: "named.test:443", layer: "profile" }] });
    expect(
      lab.events
        .slice(before)
        .filter(({ type }) => type === "egress.denied")
        .map(({ sandbox, fields }) => [sandbox, fields["server"], fields["fix"]]),
    ).toEqual([[owner, "search", "sbx policy allow named.test:5432 --server search"]]);
  });

  it("is not used when it has died, and goes after a crash of the daemon", async ({ expect }) => {
    const gate = await spare(expect);
    await lab.engine.remove(gate);
    expect((await lab.run({ command: ["echo", "up"] })).out).toBe("up\n");
    await spare(expect);
    await reapServers(lab.parts, new Set());
    expect(await lab.containers()).toEqual([]);
    expect(lab.faults).toEqual([]);
  });
});
