import fc from "fast-check";
import { describe, it } from "vitest";
import { coversDomain, readInjection } from "../../src/kit/injection.ts";

type Stated = Parameters<typeof readInjection>[0];

const domain = "api.example.org";

const TAKEN: readonly (readonly [what: string, stated: Stated, read: object])[] = [
  ["a domain alone", { domain }, { domain, header: "authorization", format: "Bearer %s" }],
  ["a header as the key is", { domain, header: "X-Api-Key" }, { domain, header: "x-api-key", format: "%s" }],
  ["a header with a format", { domain, header: "Authorization", format: "token %s" }, { domain, header: "authorization", format: "token %s" }],
  ["the scheme bearer", { domain, scheme: "bearer" }, { domain, header: "authorization", format: "Bearer %s" }],
  ["the scheme basic", { domain, scheme: "basic", username: "x-access-token" }, { domain, header: "authorization", format: "%s", username: "x-access-token" }],
  ["one label before a host", { domain: "*.Example.org" }, { domain: "*.example.org", header: "authorization", format: "Bearer %s" }],
  ["the usual port", { domain: `${domain}:443` }, { domain, header: "authorization", format: "Bearer %s" }],
  ["another port", { domain: `${domain}:8443` }, { domain: `${domain}:8443`, header: "authorization", format: "Bearer %s" }],
];

const REFUSED: readonly (readonly [what: string, stated: Stated])[] = [
  ["every name", { domain: "*" }],
  ["every name in our words", { domain: "**" }],
  ["names at any depth", { domain: "**.example.org" }],
  ["names of everybody", { domain: "*.org" }],
  ["an address", { domain: "192.0.2.7" }],
  ["a network", { domain: "192.0.2.0/24" }],
  ["several ports", { domain: `${domain}:1-9000` }],
  ["a port without TLS", { domain: `${domain}:80` }],
  ["a service of this machine", { domain: "host.docker.internal:5432" }],
  ["a service of ours", { domain: "model.sbx.internal" }],
  ["a URL", { domain: `https://${domain}` }],
  ["no domain", { domain: "" }],
  ["the header that names the host", { domain, header: "Host" }],
  ["a header that frames the message", { domain, header: "Content-Length" }],
  ["another one", { domain, header: "transfer-encoding" }],
  ["a header of the connection", { domain, header: "connection" }],
  ["a header that is no token", { domain, header: "x y" }],
  ["a header with a line end", { domain, header: "x: y\r\nz" }],
  ["an empty header", { domain, header: "" }],
  ["a format without the secret", { domain, format: "Bearer" }],
  ["a format with the secret twice", { domain, format: "%s %s" }],
  ["a format with a line end", { domain, format: "%s\r\nx: y" }],
  ["a format in other letters", { domain, format: "ключ %s" }],
  ["an unknown scheme", { domain, scheme: "digest" }],
  ["a scheme and a format", { domain, scheme: "bearer", format: "%s" }],
  ["basic without a username", { domain, scheme: "basic" }],
  ["a username with a colon", { domain, username: "a:b" }],
  ["a username with a line end", { domain, username: "a\nb" }],
  ["a username for bearer", { domain, scheme: "bearer", username: "a" }],
  ["a username with a format", { domain, username: "a", format: "%s" }],
];

describe("where a credential is put on", () => {
  it.for(TAKEN)("takes %s", ([, stated, read], { expect }) => {
    expect(readInjection(stated)).toEqual(read);
  });

  it.for(REFUSED)("refuses %s", ([, stated], { expect }) => {
    expect(readInjection(stated)).toEqual({ why: expect.stringMatching(/^[\x20-\x7e]+$/) });
  });

  it("gives for any words one header line of one host, or why not", ({ expect }) => {
    const word = fc.option(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("%", "s", "a", ":", "*", ".", "\r", "\n", "4") })), { nil: undefined });
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain()), fc.tuple(word, word, word, word), (asked, [header, format, scheme, username]) => {
        const read = readInjection({ domain: asked, header, format, scheme, username });
        if ("why" in read) return;
        expect(read.domain).toMatch(/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]+)?$/);
        expect(read.header).toMatch(/^[^\s:]+$/);
        expect(read.format.split("%s")).toHaveLength(2);
        expect(`${read.format}${read.username ?? ""}`).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });

  it("counts one label for a star, and every port by itself", ({ expect }) => {
    expect(coversDomain("*.example.org", domain)).toBe(true);
    expect(coversDomain("*.example.org:8443", `${domain}:8443`)).toBe(true);
    for (const inner of ["a.api.example.org", "example.org", `${domain}:8443`, "*.api.example.org", "api.example.com"]) expect(coversDomain("*.example.org", inner), inner).toBe(false);
    expect(coversDomain(domain, "*.example.org")).toBe(false);
    expect(coversDomain("*.example.org", "*.example.org")).toBe(true);
  });
});
