import fc from "fast-check";
import { describe, it } from "vitest";
import { readCopy } from "../../src/build/copy-plan.ts";
import { applySetting, type Settings } from "../../src/build/image-settings.ts";
import { readBuild } from "../../src/build/read-build.ts";
import { Refusal } from "../../src/refusal.ts";

const nothing = { args: new Map<string, string>(), target: "", platform: new Map([["TARGETPLATFORM", "linux/amd64"]]) };

describe("readBuild", () => {
  it("reads stages up to the target, with arguments in FROM alone", ({ expect }) => {
    const text = "ARG V=12\nFROM debian:$V AS one\nRUN a\nFROM one AS two\nCOPY b c\nFROM two\n";
    const plan = readBuild(text, { ...nothing, args: new Map([["V", "13"]]), target: "two" });
    expect(plan.stages.map(({ base, name, instructions }) => [base, name, instructions.map((one) => one.name)])).toEqual([
      ["debian:13", "one", ["RUN"]],
      ["one", "two", ["COPY"]],
    ]);
    expect(plan.steps).toBe(5);
    expect(() => readBuild(text, { ...nothing, target: "three" })).toThrow(/build target three/);
  });

  it("reads any text, or refuses it, and gives no instruction that is not known", ({ expect }) => {
    const line = fc.oneof(
      fc.constantFrom("FROM a", "RUN <<E", "E", "COPY a b", "ARG x=$y", "ONBUILD RUN x", "ENV a=b", "# c", "FROM a AS b", "RUN --mount=x y", "\\", "HEALTHCHECK NONE", "ADD", "FROM ${x:?}"),
      fc.string({ maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        try {
          for (const { instructions } of readBuild(lines.join("\n"), nothing).stages)
            for (const { name } of instructions) expect(name).toMatch(/^(?:RUN|COPY|ADD|ARG|ENV|HEALTHCHECK|CMD|LABEL|USER|WORKDIR|EXPOSE|VOLUME|SHELL|STOPSIGNAL|ENTRYPOINT|MAINTAINER)$/);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

const instruction = (name: string, rest: string, flags: readonly string[] = []) => ({ name, rest, flags, line: 1, documents: [] });
const plain: Settings = { config: {}, author: undefined, commandSaid: false };

describe("applySetting", () => {
  const apply = (lines: readonly (readonly [string, string])[]) => lines.reduce((settings, [name, rest]) => applySetting(settings, instruction(name, rest), new Map([["x", "y z"]])), plain).config;

  it("changes settings as the engine's builder does", ({ expect }) => {
    expect(
      apply([
        ["ENV", "a=1 b='2 3' c=$x"],
        ["ENV", "a 4 5"],
      ]).Env,
    ).toEqual(["b=2 3", "c=y z", "a=4 5"]);
    expect(
      apply([
        ["CMD", "x"],
        ["ENTRYPOINT", '["e"]'],
      ]),
    ).toMatchObject({ Cmd: ["/bin/sh", "-c", "x"], Entrypoint: ["e"] });
    expect(
      apply([
        ["WORKDIR", "/a"],
        ["WORKDIR", "../b/c"],
      ]).WorkingDir,
    ).toBe("/b/c");
    expect(apply([["EXPOSE", "80 90-91/udp"]]).ExposedPorts).toEqual({ "80/tcp": {}, "90/udp": {}, "91/udp": {} });
    expect(applySetting({ ...plain, config: { Cmd: ["base"] } }, instruction("ENTRYPOINT", "e"), new Map()).config.Cmd).toBeUndefined();
  });

  it.for([
    ["LABEL", "Dev.Sbx.role=gate"],
    ["USER", "../x"],
    ["EXPOSE", "0"],
    ["EXPOSE", "1-65535"],
    ["STOPSIGNAL", "a b"],
    ["ENV", "=x"],
    ["HEALTHCHECK", "x"],
    ["SHELL", "sh"],
    ["RUN", "x"],
  ] as const)("refuses %s %s", ([name, rest], { expect }) => {
    expect(() => applySetting(plain, instruction(name, rest), new Map())).toThrow(Refusal);
  });
});

describe("readCopy", () => {
  const read = (rest: string, flags: readonly string[] = [], name = "COPY") => readCopy(instruction(name, rest, flags), { variables: new Map([["d", "/to"]]), workdir: "/work" });

  it("takes sources, target and flags apart", ({ expect }) => {
    expect(read('a "b c" $d/', ["--from=x", "--chown=1:2", "--chmod=4755"])).toMatchObject({ sources: ["a", "b c"], target: "/to/", from: "x", owner: "1:2", mode: 0o755 });
    expect(read('["a b", "."]')).toMatchObject({ sources: ["a b"], target: "/work/" });
    expect(read("a ../../../x").target).toBe("/x");
  });

  it.for([
    ["a b c", []],
    ["a", []],
    ["a b", ["--chown=../x"]],
    ["a b", ["--chmod=u+s"]],
    ["https://x/y z", []],
    ["git@github.com:a/b z", []],
  ] as const)("refuses %s %j", ([rest, flags], { expect }) => {
    expect(() => read(rest, flags, "ADD")).toThrow(Refusal);
  });
});
