import { describe, it } from "vitest";
import { createResolver } from "../../src/pod/dns-resolver.ts";
import { RefusedNames } from "../../src/pod/refused-names.ts";

const KNOWN = "198.18.0.1";

function resolver(local?: (name: string) => string | undefined) {
  const given: string[] = [];
  const resolve = createResolver({
    hostname: "me",
    mayAllow: (name) => name.endsWith(".test"),
    local,
    names: {
      addressFor: (name) => {
        given.push(name);
        return Promise.resolve(KNOWN);
      },
      has: () => true,
      nameOf: () => undefined,
      size: 0,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    refused: new RefusedNames(),
    mayAdd: () => true,
    onFailure: () => undefined,
  });
  return { resolve, given };
}

/** A query of type A for a name. */
function query(name: string): Buffer {
  const labels = name.split(".").flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  return Buffer.concat([Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}

/** The address in an answer, and for how long it holds. */
function read(answer: Buffer | undefined): { readonly address: string; readonly ttl: number } | undefined {
  if (answer === undefined || answer.readUInt16BE(6) === 0) return undefined;
  return { address: [...answer.subarray(-4)].join("."), ttl: answer.readUInt32BE(answer.byteLength - 10) };
}

describe("a name that means something in one pod alone", () => {
  it("has its own address for the moment, and none of the world's is written down for it", async ({ expect }) => {
    const { resolve, given } = resolver((name) => (name === "db" || name === "app_db_1" || name === "api.test" ? "100.127.1.2" : undefined));
    for (const name of ["db", "DB", "app_db_1", "api.test"]) expect(read(await resolve(query(name)))).toEqual({ address: "100.127.1.2", ttl: 0 });
    expect(given).toEqual([]);
    expect(read(await resolve(query("other.test")))?.address).toBe(KNOWN);
  });

  it("never is the pod's own name", async ({ expect }) => {
    const { resolve } = resolver(() => "100.127.1.2");
    for (const name of ["me", "localhost", "a.localhost"]) expect(read(await resolve(query(name)))?.address).toBe("127.0.0.1");
  });

  it("changes nothing for a pod without any", async ({ expect }) => {
    const { resolve } = resolver();
    expect(read(await resolve(query("db")))?.address).toMatch(/^198\.19\./);
  });
});
