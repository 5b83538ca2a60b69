import fc from "fast-check";
import { describe, it } from "vitest";
import { packageHosts, sourcesOf } from "../../src/template/package-sources.ts";

describe("where packages of the system come from", () => {
  it("is read from both forms of lists, each host once", ({ expect }) => {
    const old =
      "# deb http://commented.example.org/x y z\ndeb [signed-by=/k arch=amd64] https://mirror.example.org/debian bookworm main\ndeb http://mirror2.example.org:8080/debian bookworm main # deb http://no.example.org\ndeb-src http://sources.example.org/x y z\n";
    const stanza = "Types: deb\nURIs: http://mirror3.example.org/a http://mirror3.example.org/b\nSuites: x\n";
    expect(sourcesOf([old, stanza]).map(({ host }) => host)).toEqual(["mirror.example.org", "mirror2.example.org:8080", "mirror3.example.org"]);
  });

  it("is no file, no other protocol, and nothing with a login", ({ expect }) => {
    expect(sourcesOf(["deb file:/srv/x y z\ndeb cdrom:[x]/ y z\ndeb ftp://h/x y z\ndeb https://me:secret@h.example.org/x y z\ndeb ssh://h/x y z"])).toEqual([]);
  });

  it("never fails, whatever stands in a list", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(fc.string()), (texts) => {
        for (const { protocol } of sourcesOf(texts)) expect(["http:", "https:"]).toContain(protocol);
      }),
    );
  });

  it("is a pattern of the distribution's domain, and no single host", ({ expect }) => {
    for (const host of packageHosts()) expect(host).toMatch(/^\*\*\.[a-z]+\.org:(80|443)$/);
  });
});
