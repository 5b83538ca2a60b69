import fc from "fast-check";
import { describe, it } from "vitest";
import { collectHostSide, parsePublish, portText } from "../src/publish-spec.ts";

describe("a port that is published", () => {
  it.for([
    ["8080", { hostIp: "127.0.0.1", hostPort: 0, port: 8080 }],
    ["3000:80", { hostIp: "127.0.0.1", hostPort: 3000, port: 80 }],
    ["127.0.0.1:3000:80/tcp", { hostIp: "127.0.0.1", hostPort: 3000, port: 80 }],
    ["localhost::80", { hostIp: "127.0.0.1", hostPort: 0, port: 80 }],
    ["[::1]:3000:80", { hostIp: "::1", hostPort: 3000, port: 80 }],
  ] as const)("%s is understood", ([text, port], { expect }) => {
    expect(parsePublish(text)).toEqual(port);
  });

  it("is never at another address than the loopback's", ({ expect }) => {
    for (const text of ["0.0.0.0:80:80", "[::]:80:80", "192.168.1.2:80:80", "127.0.0.2:80:80", "*:80:80", "[::ffff:127.0.0.1]:80:80", "80/udp", "0", "65536", "", "a"])
      expect(() => parsePublish(text)).toThrow();
    fc.assert(
      fc.property(fc.string(), (text) => {
        let parsed;
        try {
          parsed = parsePublish(text);
        } catch {
          return;
        }
        expect(["127.0.0.1", "::1"]).toContain(parsed.hostIp);
      }),
    );
  });

  it("is taken back by the number of this machine, however it is written", ({ expect }) => {
    for (const text of ["8080", "127.0.0.1:8080", "8080:3000"]) expect(collectHostSide(text, [])).toEqual([{ hostIp: "127.0.0.1", hostPort: 8080 }]);
    expect(collectHostSide("[::1]:8080", [])).toEqual([{ hostIp: "::1", hostPort: 8080 }]);
    expect(portText({ hostIp: "::1", hostPort: 1, port: 2 })).toBe("[::1]:1->2");
  });
});
