import fc from "fast-check";
import { describe, it } from "vitest";
import { coversImage, formatImageAddress, parseImageAddress, parseImagePattern } from "../src/index.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const covers = (pattern: string, image: string): boolean => coversImage(parseImagePattern(pattern), parseImageAddress(image));

describe("names of images in registries", () => {
  it.for([
    ["debian", "docker.io/library/debian:latest"],
    ["docker.io/debian:12", "docker.io/library/debian:12"],
    ["index.docker.io/library/debian", "docker.io/library/debian:latest"],
    ["bitnami/kafka:3", "docker.io/bitnami/kafka:3"],
    ["localhost:5000/a/b", "localhost:5000/a/b:latest"],
    ["127.0.0.1:5000/a", "127.0.0.1:5000/a:latest"],
    ["REGISTRY.example.org/a", "registry.example.org/a:latest"],
    [`ghcr.io/a/b:1@${DIGEST}`, `ghcr.io/a/b@${DIGEST}`],
  ])("reads %s as %s", ([text = "", whole], { expect }) => {
    expect(formatImageAddress(parseImageAddress(text))).toBe(whole);
  });

  it.for([
    "",
    "A/b:1x/",
    "a//b",
    "../a",
    "a:",
    "a@sha256:1",
    `a@${DIGEST}@${DIGEST}`,
    "reg.example.org:99999/a",
    "127.1/a",
    "0x7f.1/a",
    "[::1]/a",
    "reg.example.org:1:2/a",
    "http://reg.example.org/a",
    "reg.example.org/",
    "a/*",
    "reg_1.example.org/a",
    "a b",
    "a\u0000",
  ])("refuses %j", (text, { expect }) => {
    expect(() => parseImageAddress(text)).toThrow(/names no images/);
  });

  it("gives the same for what it writes", ({ expect }) => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.stringMatching(/^[a-z0-9]{1,8}\.example\.org(:[1-9]\d{0,3})?$/),
        fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/), { nil: undefined }),
        (path, host, tag) => {
          const text = `${host}/${path.join("/")}${tag === undefined ? "" : `:${tag}`}`;
          const read = parseImageAddress(text);
          expect(parseImageAddress(formatImageAddress(read))).toEqual(read);
        },
      ),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const read = parseImageAddress(text);
          expect(parseImageAddress(formatImageAddress(read))).toEqual(read);
        } catch (error) {
          expect(String(error)).toMatch(/names no images/);
        }
      }),
    );
  });
});

describe("rules of images", () => {
  it.for([
    ["postgres", "postgres:16"],
    ["postgres:16", "docker.io/library/postgres:16"],
    ["docker.io/library/*", "postgres:16"],
    ["docker.io/**", "bitnami/kafka"],
    ["library/*", "postgres"],
    ["registry.example.org/team/*", "registry.example.org/team/app:1"],
    ["registry.example.org/team/*:1", "registry.example.org/team/app:1"],
    ["registry.example.org/**", "registry.example.org/a/b/c"],
    ["registry.example.org/team/**", "registry.example.org/team/a/b"],
    ["registry.example.org:5000/team/app", `registry.example.org:5000/team/app@${DIGEST}`],
    [`ghcr.io/a/b@${DIGEST}`, `ghcr.io/a/b@${DIGEST}`],
    ["localhost:5000/*", "localhost:5000/a"],
  ])("%s covers %s", ([pattern = "", image = ""], { expect }) => {
    expect(covers(pattern, image)).toBe(true);
  });

  it.for([
    ["postgres:16", "postgres:17"],
    ["postgres:16", `postgres@${DIGEST}`],
    [`postgres@${DIGEST}`, "postgres:16"],
    [`postgres@${DIGEST}`, `postgres@sha256:${"b".repeat(64)}`],
    ["postgres", "evil/postgres"],
    ["postgres", "registry.example.org/library/postgres"],
    ["registry.example.org/team/*", "registry.example.org/team"],
    ["registry.example.org/team/*", "registry.example.org/team/a/b"],
    ["registry.example.org/team/**", "registry.example.org/team"],
    ["registry.example.org/team/*", "registry.example.org/teammate/app"],
    ["registry.example.org/team/*", "registry.example.org.evil.example/team/app"],
    ["registry.example.org/team/*", "registry.example.org:444/team/app"],
    ["registry.example.org/*", "registry.example.org/a/b"],
    ["docker.io/**", "ghcr.io/a/b"],
    ["library/*", "localhost:5000/library/a"],
  ])("%s does not cover %s", ([pattern = "", image = ""], { expect }) => {
    expect(covers(pattern, image)).toBe(false);
  });

  it.for(["", "*", "**/x", "*.example.org/a", "registry.example.org", "registry.example.org/", "registry.example.org/te*", "registry.example.org/a/*/b", `a:1@${DIGEST}`, "https://a.example.org/*"])(
    "refuses the pattern %j",
    (text, { expect }) => {
      expect(() => parseImagePattern(text)).toThrow(/names no images/);
    },
  );
});
