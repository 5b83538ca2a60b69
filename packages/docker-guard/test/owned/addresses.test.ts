import { describe, it } from "vitest";
import { Addresses } from "../../src/owned/addresses.ts";

describe("Addresses", () => {
  it("gives the lowest that is free, and none twice while it is being used", ({ expect }) => {
    const used = new Set(["100.127.3.2"]);
    const addresses = new Addresses(() => used);
    using one = addresses.take(3);
    {
      using two = addresses.take(3);
      expect([one.address, two.address]).toEqual(["100.127.3.3", "100.127.3.4"]);
    }
    using again = addresses.take(3);
    expect(again.address).toBe("100.127.3.4");
  });

  it("gives no address of the network itself, of its gateway, or beyond", ({ expect }) => {
    const used = new Set<string>();
    const addresses = new Addresses(() => used);
    for (let taken = 0; taken < 253; taken += 1) used.add(addresses.take(0).address);
    expect([...used].map((address) => Number(address.split(".")[3])).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 253 }, (_, at) => at + 2));
    expect(() => addresses.take(0)).toThrow("no more containers fit into this network");
    expect(addresses.take(1).address).toBe("100.127.1.2");
  });
});
