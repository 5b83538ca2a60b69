import fc from "fast-check";
import { describe, it } from "vitest";
import { looksLikeTls, MAX_HELLO_BYTES, parseClientHello } from "../../src/wall/client-hello.ts";
import { extension, hello, helloMessage, realHello, records, serverName } from "./hello.ts";

describe("parseClientHello", () => {
  it("reads the name that a real client sends, and its absence", async ({ expect }) => {
    expect(parseClientHello(await realHello({ servername: "api.example.org" }))).toEqual({ kind: "hello", serverName: "api.example.org" });
    expect(parseClientHello(await realHello({}))).toEqual({ kind: "hello", serverName: undefined });
  });

  it("wants more until the last byte, says truly how many, and never changes its mind", ({ expect }) => {
    for (const size of [16_384, 100, 7]) {
      const whole = records(helloMessage([serverName("a.test"), extension(51, Buffer.alloc(300))]), size);
      for (let length = 0; length < whole.length; length += 1) {
        const result = parseClientHello(whole.subarray(0, length));
        expect(result.kind).toBe("incomplete");
        if (result.kind === "incomplete") {
          expect(result.need).toBeGreaterThan(length);
          expect(result.need).toBeLessThanOrEqual(whole.length);
        }
      }
      expect(parseClientHello(whole)).toEqual({ kind: "hello", serverName: "a.test" });
    }
  });

  it("reads large ones with post-quantum keys, split over records", ({ expect }) => {
    expect(parseClientHello(records(helloMessage([extension(51, Buffer.alloc(20_000)), serverName("a.test")])))).toEqual({ kind: "hello", serverName: "a.test" });
  });

  it("takes no extensions at all for no name", ({ expect }) => {
    expect(parseClientHello(records(helloMessage(undefined)))).toEqual({ kind: "hello", serverName: undefined });
  });

  it.for([
    ["two names in one extension", hello("a.test", "b.test")],
    ["two name extensions", records(helloMessage([serverName("a.test"), serverName("b.test")]))],
    ["the same name twice", records(helloMessage([serverName("a.test"), serverName("a.test")]))],
    ["an empty name", hello("")],
    ["a name with a NUL", hello("a.test\0.b.test")],
    ["a name with a space", hello("a.test b.test")],
    ["a name that is no ASCII", hello("\xfcber.test")],
    ["a name of another type", records(helloMessage([extension(0, Buffer.from([0, 4, 1, 0, 1, 97]))]))],
    ["bytes after the list of names", records(helloMessage([extension(0, Buffer.concat([serverName("a.test").subarray(4), Buffer.from([0])]))]))],
    ["bytes after the extensions", records(helloMessage([serverName("a.test")], Buffer.from([1])))],
    ["a second message in the same record", records(Buffer.concat([helloMessage([serverName("a.test")]), Buffer.from([1, 0, 0, 0])]))],
    ["an extension longer than its list", records(helloMessage([Buffer.from([0, 0, 0xff, 0xff])]))],
    ["a ServerHello", records(Buffer.from([2, 0, 0, 0]))],
    ["an empty record", Buffer.from([22, 3, 1, 0, 0])],
    ["a record that is too long", Buffer.from([22, 3, 1, 0x40, 0x01])],
    ["an alert between", Buffer.concat([records(helloMessage([serverName("a.test")]).subarray(0, 20)), Buffer.from([21, 3, 1, 0, 2, 1, 0])])],
    ["an unknown version", Buffer.from([22, 3, 9, 0, 4])],
    ["SSL 2", Buffer.from([22, 2, 0, 0, 4])],
    ["more records than anybody needs", records(helloMessage([serverName("a.test"), extension(51, Buffer.alloc(300))]), 2)],
    ["a message that says it is huge", Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0x00, 1, 0xff, 0xff, 0xff]), Buffer.alloc(MAX_HELLO_BYTES)])],
  ] as const)("refuses %s", ([, bytes], { expect }) => {
    expect(parseClientHello(bytes).kind).toBe("invalid");
  });

  it("never throws, and never finds a name in a hello that another name could be found in", ({ expect }) => {
    const valid = hello("a.test");
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 }), (changes) => {
        const bytes = Buffer.from(valid);
        for (const [at, value] of changes) bytes[at] = value;
        const result = parseClientHello(bytes);
        if (result.kind === "hello" && result.serverName !== undefined) expect(bytes.toString("latin1")).toContain(result.serverName);
      }),
      { numRuns: 5000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        parseClientHello(Buffer.concat([Buffer.from([22, 3, 1]), bytes]));
      }),
      { numRuns: 3000 },
    );
  });

  it("knows at the first byte what is no TLS", ({ expect }) => {
    expect(looksLikeTls(Buffer.from("G"))).toBe(false);
    expect(looksLikeTls(Buffer.from([22]))).toBe(true);
    expect(looksLikeTls(Buffer.from([22, 9]))).toBe(true);
    expect(looksLikeTls(Buffer.from([22, 0x10]))).toBe(false);
  });
});
