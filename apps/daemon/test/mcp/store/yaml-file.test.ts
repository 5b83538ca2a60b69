import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import * as z from "zod";
import { setAt } from "../../../src/mcp/store/edit-path.ts";
import { bySchema, parseYaml } from "../../../src/mcp/store/parse-yaml.ts";
import { YamlFile } from "../../../src/mcp/store/yaml-file.ts";
import { directory } from "../support/directory.ts";

const Schema = z.record(z.string(), z.object({ port: z.number() }));

function setup(text?: string) {
  const file = path.join(directory(), "sub", "x.yaml");
  const broken: string[] = [];
  if (text !== undefined) {
    mkdirSync(path.dirname(file));
    writeFileSync(file, text);
  }
  return { file, broken, yaml: new YamlFile({ file, parse: bySchema(Schema, file), onBroken: ({ message }) => broken.push(message) }) };
}

const problemOf = (act: () => unknown): AppError => {
  try {
    act();
  } catch (error) {
    if (AppError.is(error)) return error;
  }
  throw new Error("no problem was thrown");
};

describe("a YAML file that people edit too", () => {
  it("is empty when there is none, and holds an edit by hand at once", ({ expect }) => {
    const { file, yaml } = setup();
    expect(yaml.read()).toEqual({});
    yaml.replace("a: {port: 1}\n");
    writeFileSync(file, "a: {port: 22}\n");
    expect(yaml.read()).toEqual({ a: { port: 22 } });
  });

  it("keeps comments and order in an edit, writes mode 0600 and leaves no litter", ({ expect }) => {
    const { file, yaml } = setup("# mine\nb: {port: 2} # two\na:\n  # inside\n  port: 1\n");
    chmodSync(file, 0o644);
    yaml.edit((document) => {
      setAt(document, ["c", "port"], 3);
    });
    expect(readFileSync(file, "utf8")).toBe("# mine\nb: { port: 2 } # two\na:\n  # inside\n  port: 1\nc:\n  port: 3\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(path.dirname(file))).toEqual(["x.yaml"]);
  });

  it.for(["", "# only a comment\n", "null\n", "~\n", "{}\n"])("takes an edit of %j", (text, { expect }) => {
    const { yaml } = setup(text);
    yaml.edit((document) => {
      setAt(document, ["a", "port"], 1);
    });
    expect(yaml.read()).toEqual({ a: { port: 1 } });
  });

  it("keeps in force what stood there before it broke, and tells the file and the line once", ({ expect }) => {
    const { file, broken, yaml } = setup("a: {port: 1}\n");
    expect(yaml.read()).toEqual({ a: { port: 1 } });
    writeFileSync(file, "a: {port: 1}\nb:\n  port: none\n");
    expect(yaml.read()).toEqual({ a: { port: 1 } });
    expect(yaml.read()).toEqual({ a: { port: 1 } });
    expect(broken).toEqual([expect.stringMatching(/x\.yaml:3: b\.port: /)]);
    expect(yaml.problem()?.code).toBe("CONFIG_INVALID");
    writeFileSync(file, "c: {port: 3}\n");
    expect([yaml.read(), yaml.problem()]).toEqual([{ c: { port: 3 } }, undefined]);
  });

  it.for(["a: [", "a: 1\na: 2\n", "- 1\n", "a: {port: x}", "&a [*a]", "a: !!js/function 'x'\nb: *none\n"])("says nothing when it was broken from the beginning: %j", (text, { expect }) => {
    const { file, yaml } = setup(text);
    expect(problemOf(() => yaml.read()).message).toMatch(/x\.yaml:\d+: /);
    const before = readFileSync(file, "utf8");
    expect(problemOf(() => yaml.edit((document) => document.set("z", 1))).code).toBe("CONFIG_INVALID");
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  it("writes nothing when an edit would break the file", ({ expect }) => {
    const { file, yaml } = setup("a: {port: 1}\n");
    problemOf(() => yaml.edit((document) => document.set("b", "no port")));
    expect(readFileSync(file, "utf8")).toBe("a: {port: 1}\n");
    problemOf(() => yaml.edit((document) => setAt(document, ["a", "port", "deep"], 1)));
    expect(readFileSync(file, "utf8")).toBe("a: {port: 1}\n");
  });

  it("keeps a person's link in its place and writes what it leads to", ({ expect }) => {
    const { file, yaml } = setup("a: {port: 1}\n");
    const elsewhere = path.join(directory(), "dotfiles.yaml");
    writeFileSync(elsewhere, "l: {port: 1}\n");
    const link = path.join(path.dirname(file), "link.yaml");
    symlinkSync(elsewhere, link);
    new YamlFile({ file: link, parse: bySchema(Schema, link), onBroken: () => undefined }).replace("l: {port: 2}\n");
    expect(readFileSync(elsewhere, "utf8")).toBe("l: {port: 2}\n");
    expect(yaml.read()).toEqual({ a: { port: 1 } });
  });

  it("expands no flood of aliases and reads no endless text", ({ expect }) => {
    const bomb = `a: &a [${"x,".repeat(9)}x]\n${"bcdefghi"
      .split("")
      .map((name, index) => `${name}: &${name} [${`*${"abcdefgh"[index] ?? ""},`.repeat(9)}*${"abcdefgh"[index] ?? ""}]`)
      .join("\n")}\n`;
    const place = { file: "x.yaml", fix: "mend it" };
    expect(problemOf(() => parseYaml(bomb, z.unknown(), place)).message).toContain("x.yaml:1: ");
    expect(problemOf(() => parseYaml(`a: ${"x".repeat(9 << 20)}`, z.unknown(), place)).message).toContain("longer than 8 MiB");
  });

  it("gives a value or a problem for any text, and touches no prototype", ({ expect }) => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.constantFrom("__proto__: {port: 1}", "a: {__proto__: {x: 1}}", "constructor: {prototype: {x: 1}}")), (text) => {
        try {
          parseYaml(text, z.record(z.string(), z.json()), { file: "x.yaml", fix: "mend it" });
        } catch (error) {
          expect(AppError.is(error)).toBe(true);
        }
        expect("x" in {} || "port" in {}).toBe(false);
      }),
    );
  });

  it("reads JSON as it reads YAML", ({ expect }) => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value, null, 2);
        expect(parseYaml(text, z.unknown(), { file: "x.json", fix: "mend it" }).value).toEqual(JSON.parse(text));
      }),
    );
  });

  it("does not follow a directory in place of the file", ({ expect }) => {
    const { file, yaml } = setup();
    mkdirSync(file, { recursive: true });
    expect(problemOf(() => yaml.read()).message).toContain("cannot be read");
    expect(existsSync(file)).toBe(true);
  });
});
