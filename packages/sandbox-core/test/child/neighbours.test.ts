import { ContainerPodId, SandboxId } from "@sbx/contracts";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import type { ChildNetwork, ChildPod } from "../../src/child/child-pod.ts";
import { Neighbours } from "../../src/child/neighbours.ts";

const ONE = SandboxId.parse("sbx_00000001");
const TWO = SandboxId.parse("sbx_00000002");
const id = (number: number) => ContainerPodId.parse(`ctr_${String(number).padStart(8, "0")}`);
const network = (subnet: number, host: number, over: Partial<ChildNetwork> = {}): ChildNetwork => ({
  id: `net-${subnet}`,
  name: `n${subnet}`,
  aliases: [],
  address: `100.127.${subnet}.${host}`,
  gateway: `100.127.${subnet}.1`,
  internal: false,
  unnamed: subnet === 0,
  ...over,
});
const child = (number: number, networks: readonly ChildNetwork[], over: Partial<ChildPod> = {}): ChildPod => ({
  id: id(number),
  hostname: `h${number}`,
  name: `c${number}`,
  networks,
  hosts: [],
  ...over,
});
const at = (address: string) => ({ kind: "address", address }) as const;
const HOST = { kind: "name", name: "host.docker.internal" } as const;

describe("a pod that is in no network", () => {
  it("changes nothing for the agent, and reaches and is reached by nobody", ({ expect }) => {
    const all = new Neighbours();
    all.add(ONE, child(1, []));
    expect(all.fromAgent(ONE, at("100.127.1.3"), 80)).toBeUndefined();
    expect(all.hasEgress(id(1))).toBe(false);
    expect(all.fromChild(id(1), HOST, 80)).toBeUndefined();
    all.add(ONE, child(2, [network(1, 3)]));
    expect(all.fromChild(id(1), at("100.127.1.3"), 80)).toEqual({ kind: "nobody" });
    expect(all.addressOf(id(2), "c1")).toBeUndefined();
  });
});

describe("who finds whom by a name", () => {
  it("finds members of a common network by name and alias, in any case", ({ expect }) => {
    const all = new Neighbours();
    all.add(ONE, child(1, [network(1, 2)]));
    all.add(ONE, child(2, [network(1, 3, { aliases: ["db"] }), network(2, 2)], { name: "app_db_1" }));
    for (const name of ["app_db_1", "db", "DB"]) expect(all.addressOf(id(1), name)).toBe("100.127.1.3");
    expect(all.addressOf(id(1), "c9")).toBeUndefined();
  });

  it("finds nobody in the network that everybody is in, in another network, or in another sandbox", ({ expect }) => {
    const all = new Neighbours();
    all.add(ONE, child(1, [network(0, 2)]));
    all.add(ONE, child(2, [network(0, 3)]));
    all.add(ONE, child(3, [network(2, 2)]));
    all.add(TWO, child(4, [network(2, 3)]));
    expect(all.addressOf(id(1), "c2")).toBeUndefined();
    expect(all.addressOf(id(3), "c2")).toBeUndefined();
    expect(all.addressOf(id(3), "c4")).toBeUndefined();
  });

  it("follows a container to other networks, to another name, and to its end", ({ expect }) => {
    const all = new Neighbours();
    all.add(ONE, child(1, [network(1, 2)]));
    all.add(ONE, child(2, [network(2, 2)]));
    all.change(id(2), { name: "later", networks: [network(1, 3)], hosts: [{ name: "x", address: "1.2.3.4" }] });
    expect([all.addressOf(id(1), "later"), all.addressOf(id(2), "x")]).toEqual(["100.127.1.3", "1.2.3.4"]);
    all.remove(id(2));
    expect(all.addressOf(id(1), "later")).toBeUndefined();
    expect(all.fromChild(id(1), at("100.127.1.3"), 80)).toEqual({ kind: "nobody" });
  });

  it("knows the further names of a container for that container alone", ({ expect }) => {
    const all = new Neighbours();
    all.add(
      ONE,
      child(1, [network(1, 2)], {
        hosts: [
          { name: "outer", address: "host-gateway" },
          { name: "x", address: "192.0.2.9" },
        ],
      }),
    );
    all.add(ONE, child(2, [network(1, 3)]));
    expect([all.addressOf(id(1), "outer"), all.addressOf(id(1), "x"), all.addressOf(id(2), "x")]).toEqual(["100.127.1.1", "192.0.2.9", undefined]);
  });
});

describe("where a connection stays within a sandbox", () => {
  it("leads from a container to members of its networks, and to nobody else's addresses", ({ expect }) => {
    const all = new Neighbours();
    all.add(ONE, child(1, [network(1, 2)]));
    all.add(ONE, child(2, [network(1, 3)]));
    all.add(ONE, child(3, [network(2, 2)]));
    expect(all.fromChild(id(1), at("100.127.1.3"), 5432)).toEqual({ kind: "child", pod: id(2), port: 5432 });
    expect(all.fromChild(id(1), at("100.127.2.2"), 5432)).toEqual({ kind: "nobody" });
    expect(all.fromChild(id(1), at("93.184.216.34"), 443)).toBeUndefined();
    expect(all.fromChild(id(9), at("93.184.216.34"), 443)).toEqual({ kind: "nobody" });
  });

  it("leads to published ports from everywhere, and to the agent's own for who asked", ({ expect }) => {
    const all = new Neighbours();
    all.add(ONE, child(1, [network(1, 2)]));
    all.add(ONE, child(2, [network(2, 2)], { hosts: [{ name: "host.docker.internal", address: "host-gateway" }] }));
    all.publish(id(1), [{ containerPort: 80, hostPort: 8080 }]);
    const published = { kind: "child", pod: id(1), port: 80 };
    expect(all.fromAgent(ONE, HOST, 8080)).toEqual(published);
    expect(all.fromAgent(ONE, at("100.127.0.1"), 8080)).toEqual(published);
    expect(all.fromChild(id(2), HOST, 8080)).toEqual(published);
    expect(all.fromChild(id(2), at("100.127.2.1"), 8080)).toEqual(published);
    expect(all.fromChild(id(2), HOST, 9)).toEqual({ kind: "agent", pod: ONE, port: 9 });
    expect(all.fromChild(id(1), HOST, 9)).toBeUndefined();
    expect(all.fromChild(id(1), at("100.127.1.1"), 9)).toEqual({ kind: "nobody" });
  });

  it("leads the agent to ports that sbx serves for it, where published ones are, and no container or other sandbox", ({ expect }) => {
    const all = new Neighbours();
    const mine = { kind: "agent", pod: ONE, port: 8080 };
    const served = all.serve(ONE, 8080);
    const second = all.serve(ONE, 8081);
    expect([all.fromAgent(ONE, HOST, 8080), all.fromAgent(ONE, at("100.127.0.1"), 8080)]).toEqual([mine, mine]);
    expect([all.fromAgent(ONE, HOST, 8082), all.fromAgent(ONE, at("100.127.0.1"), 8082)]).toEqual([undefined, { kind: "nobody" }]);
    expect([all.fromAgent(TWO, HOST, 8080), all.fromAgent(TWO, at("100.127.0.1"), 8080)]).toEqual([undefined, undefined]);
    all.add(ONE, child(1, [network(1, 2)]));
    expect([all.fromChild(id(1), HOST, 8080), all.fromChild(id(1), at("100.127.1.1"), 8080)]).toEqual([undefined, { kind: "nobody" }]);
    all.remove(id(1));
    served[Symbol.dispose]();
    expect(all.fromAgent(ONE, at("100.127.0.1"), 8080)).toEqual({ kind: "nobody" });
    second[Symbol.dispose]();
    expect(all.fromAgent(ONE, at("100.127.0.1"), 8081)).toBeUndefined();
  });

  it("leads from an agent to its own containers, and decides nothing for a sandbox without any", ({ expect }) => {
    const all = new Neighbours();
    all.add(ONE, child(1, [network(1, 2)]));
    expect(all.fromAgent(ONE, at("100.127.1.2"), 22)).toEqual({ kind: "child", pod: id(1), port: 22 });
    expect(all.fromAgent(ONE, at("100.127.1.9"), 22)).toEqual({ kind: "nobody" });
    expect(all.fromAgent(TWO, at("100.127.1.2"), 22)).toBeUndefined();
    expect(all.fromAgent(TWO, HOST, 22)).toBeUndefined();
  });

  it("has a way out for who is in a network that has one", ({ expect }) => {
    const all = new Neighbours();
    all.add(ONE, child(1, []));
    all.add(ONE, child(2, [network(1, 2, { internal: true })]));
    all.add(ONE, child(3, [network(1, 3, { internal: true }), network(0, 2)]));
    expect([1, 2, 3, 9].map((number) => all.hasEgress(id(number)))).toEqual([false, false, true, false]);
    expect(all.fromChild(id(1), HOST, 80)).toBeUndefined();
  });

  it("never leads into another sandbox, whoever is where", ({ expect }) => {
    const members = fc.array(
      fc.record({
        sandbox: fc.constantFrom(ONE, TWO),
        subnets: fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
        host: fc.integer({ min: 2, max: 6 }),
        gateway: fc.boolean(),
        port: fc.integer({ min: 1, max: 3 }),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(members, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 }), (all, subnet, host, port) => {
        const neighbours = new Neighbours();
        for (const [index, one] of all.entries()) {
          const hosts = one.gateway ? [{ name: "h", address: "host-gateway" }] : [];
          neighbours.add(
            one.sandbox,
            child(
              index,
              one.subnets.map((each) => network(each, one.host)),
              { hosts },
            ),
          );
          neighbours.publish(id(index), [{ containerPort: 1, hostPort: one.port }]);
        }
        const ownerOf = (pod: string) => (pod.startsWith("ctr_") ? all[Number(pod.slice(4))]?.sandbox : pod);
        for (const to of [at(`100.127.${subnet}.${host}`), HOST]) {
          for (const sandbox of [ONE, TWO]) {
            const found = neighbours.fromAgent(sandbox, to, port);
            if (found !== undefined && found.kind !== "nobody") expect(ownerOf(found.pod)).toBe(sandbox);
          }
          for (const [from, one] of all.entries()) {
            const found = neighbours.fromChild(id(from), to, port);
            if (found !== undefined && found.kind !== "nobody") expect(ownerOf(found.pod)).toBe(one.sandbox);
          }
        }
      }),
    );
  });
});
