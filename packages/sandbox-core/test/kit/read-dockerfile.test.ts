import fc from "fast-check";
import { describe, it } from "vitest";
import { imageProgram } from "../../src/kit/image-program.ts";
import { readBuildFile, readDockerfile } from "../../src/kit/read-dockerfile.ts";

const word = fc.stringMatching(/^[A-Za-z0-9./_=-]{1,8}$/).filter((text) => !text.startsWith("--"));
const instruction = fc.record({ name: fc.constantFrom("RUN", "ENTRYPOINT", "CMD", "ENV", "FROM"), words: fc.array(word, { minLength: 1, maxLength: 4 }) });
/** What may stand between two words without a change of what they mean. */
const gap = fc.constantFrom(" ", "\t", "  ", " \\\n", " \\  \n  ", " \\\r\n", " \\\n# ENTRYPOINT evil\n", " \\\n\n \t\n# CMD evil \\\n ");
const between = fc.constantFrom("\n", "\r\n", "\n\n", "\n# FROM evil\n", "\n  # ENTRYPOINT evil \\\n");
const gaps = fc.infiniteStream(gap);
const ends = fc.infiniteStream(between);

const plain = (all: readonly { readonly name: string; readonly words: readonly string[] }[]): string => all.map(({ name, words }) => `${name} ${words.join(" ")}\n`).join("");

describe("a Dockerfile", () => {
  it("says the same however its lines are continued, spaced and commented", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(instruction, { minLength: 1, maxLength: 6 }), gaps, ends, (all, someGaps, someEnds) => {
        const next = (stream: fc.Stream<string>): string => String(stream.next().value);
        const text = all.map(({ name, words }) => [name.toLowerCase(), ...words].reduce((line, one) => `${line}${next(someGaps)}${one}`) + next(someEnds)).join("");
        const meaning = (source: string): unknown => readDockerfile("x", source).map(({ name, rest }) => [name, rest.split(/[ \t]+/)]);
        expect(meaning(text)).toEqual(meaning(plain(all)));
        const wordsOf = (source: string): unknown => [imageProgram("x", source)].map((program) => [program?.entrypoint, program?.cmd].flat().flatMap((one) => one?.split(/[ \t]+/)));
        expect(wordsOf(text)).toEqual(wordsOf(plain(all)));
      }),
    );
  });

  it("of any text is read, or refused with the line, and what is read has no line that readers disagree about", ({ expect }) => {
    const piece = fc.oneof(
      fc.constantFrom("\\", "\\\\", "\n", "\r", "\r\n", " ", "\t", "#", "CMD", "ENTRYPOINT", "FROM x", '["a"]', "\u00A0", "\u2028", "\u0085", "\uFEFF", "\v", "--x", "# escape=`"),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join("")),
        (text) => {
          let read: ReturnType<typeof readDockerfile>;
          try {
            read = readDockerfile("x", text);
          } catch (error) {
            expect(error).toMatchObject({ code: "KIT_INVALID", message: expect.stringMatching(/^Line \d+ of the Dockerfile of agent "x" /) as unknown });
            expect(() => imageProgram("x", text)).toThrow(expect.objectContaining({ code: "KIT_INVALID" }));
            return;
          }
          for (const { name, rest } of read) expect(`${name} ${rest}`).not.toMatch(/[\r\n\v\u0085\u00A0\u2028\uFEFF]/);
          const last = read.slice(read.findLastIndex(({ name }) => name === "FROM") + 1).findLast(({ name }) => name === "CMD" || name === "ENTRYPOINT");
          expect(imageProgram("x", text) === undefined).toBe(last === undefined);
        },
      ),
    );
  });

  it.for([
    ["a continuation that only some engines see", 'FROM x\nENTRYPOINT ["good"] \\\\\nENTRYPOINT ["evil"]\n'],
    ["another escape character", '# escape=`\nFROM x\nENTRYPOINT ["good"]\n'],
    ["a space of another kind", 'FROM x\nENTRYPOINT\u00A0["evil"]\n'],
    ["a line that only some readers end", 'FROM x\nRUN true\u2028ENTRYPOINT ["evil"]\n'],
  ] as const)("with %s has no program: it is refused", ([, text], { expect }) => {
    expect(() => imageProgram("x", text)).toThrow(expect.objectContaining({ code: "KIT_INVALID" }));
  });
});

const unclear = (line: number, why: string): Error => new Error(`${line} ${why}`);

describe("here-documents of a Dockerfile", () => {
  it("stand below their instruction, with and without variables, and their lines are no instructions", ({ expect }) => {
    const text = "FROM x\nRUN <<EOF\nCMD evil\n# kept\n\nEOF\nCOPY <<'a' <<-b /to/\n$x\na\n\ttabbed\n\tb\nCMD good\n";
    expect(readBuildFile(text, unclear).map(({ name, rest, documents }) => [name, rest, documents])).toEqual([
      ["FROM", "x", []],
      ["RUN", "<<EOF", [{ name: "EOF", text: "CMD evil\n# kept\n\n", expands: true }]],
      [
        "COPY",
        "<<'a' <<-b /to/",
        [
          { name: "a", text: "$x\n", expands: false },
          { name: "b", text: "tabbed\n", expands: true },
        ],
      ],
      ["CMD", "good", []],
    ]);
  });

  it.for(["FROM x\nRUN <<EOF\necho\n", "FROM x\nRUN <<EOF\n\u0000\nEOF\n"])("are refused where they do not end, or hold what no text has: %j", (text, { expect }) => {
    expect(() => readBuildFile(text, unclear)).toThrow(/here-document|control character/);
  });

  it("are read the same for an agent's recipe, and none below an instruction that has none", ({ expect }) => {
    expect(readDockerfile("x", "FROM x\nRUN <<EOF\nCMD y\nEOF\n").map(({ name }) => name)).toEqual(["FROM", "RUN"]);
    expect(readBuildFile("FROM x\nENV a <<EOF\nCMD y\n", unclear).map(({ name }) => name)).toEqual(["FROM", "ENV", "CMD"]);
  });
});
