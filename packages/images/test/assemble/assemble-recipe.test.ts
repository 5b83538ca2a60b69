import fc from "fast-check";
import { listOf, readDockerfile } from "@sbx/core";
import { describe, it } from "vitest";
import { assembleRecipe } from "../../src/assemble/assemble-recipe.ts";
import { checkDockerfile } from "../../src/check-dockerfile.ts";
import type { ContextFile } from "../../src/context-file.ts";

const HEAD = "ARG SBX_BASE\nFROM ${SBX_BASE}\n";
const FILES: readonly ContextFile[] = [
  { kind: "text", path: "kit.yaml", text: "kind: workload\n" },
  { kind: "directory", path: "bin" },
  { kind: "file", path: "bin/a", source: "/k/bin/a", sizeBytes: 1, executable: false },
  { kind: "file", path: "bin/b", source: "/k/bin/b", sizeBytes: 1, executable: false },
  { kind: "link", path: "bin/c", target: "a" },
  { kind: "link", path: "kit.link", target: "kit.yaml" },
];

/** The recipe for the classic builder, as it is checked before a build, without its head. */
function assemble(text: string, args: Readonly<Record<string, string>> = {}): { readonly lines: readonly string[]; readonly made: readonly ContextFile[] } {
  const { dockerfile, files } = assembleRecipe({ name: "x", dockerfile: HEAD + text, files: FILES, args });
  checkDockerfile("x", dockerfile);
  return { lines: dockerfile.trimEnd().split("\n").slice(2), made: files.slice(FILES.length) };
}

/** What the shell is given by the only RUN. */
function scriptOf(text: string): readonly string[] {
  const [run] = assemble(text).lines.filter((line) => line.startsWith("RUN "));
  return listOf((run ?? "").slice("RUN ".length)) ?? [];
}

function textOf(made: readonly ContextFile[], path: string): string | undefined {
  const found = made.find((file) => file.path === path);
  return found?.kind === "text" ? found.text : undefined;
}

describe("a recipe that uses nothing of a newer builder", () => {
  it("stays as it is, to the byte", ({ expect }) => {
    const dockerfile = `# syntax=docker/sandbox-kit:3\n${HEAD}\nRUN a \\\n  b\nCOPY . /x\n`;
    expect(assembleRecipe({ name: "x", dockerfile, files: FILES })).toEqual({ dockerfile, files: FILES });
  });
});

describe("COPY with a here-document", () => {
  it("copies a file of the context with the text and the mode", ({ expect }) => {
    const { lines, made } = assemble("COPY --chmod=0755 --chown=agent <<'PROBE' /usr/local/bin/probe\n#!/bin/sh\necho \"$1\" \\\nFROM evil\nPROBE\nUSER agent\n");
    expect(lines).toEqual(["COPY --chown=agent .sbx.files/1/PROBE /usr/local/bin/probe", "USER agent"]);
    expect(made).toContainEqual({ kind: "text", path: ".sbx.files/1/PROBE", text: '#!/bin/sh\necho "$1" \\\nFROM evil\n', mode: 0o755 });
  });

  it("takes several, with files beside them, and tabs away where that is asked for", ({ expect }) => {
    const { lines, made } = assemble("COPY <<-A kit.yaml <<B /d/\n\tone\nA\ntwo\nB\n");
    expect(lines).toEqual(["COPY .sbx.files/1/0/kit.yaml .sbx.files/1/A .sbx.files/1/B /d/"]);
    expect([textOf(made, ".sbx.files/1/A"), textOf(made, ".sbx.files/1/B")]).toEqual(["one\n", "two\n"]);
  });

  it("fills in what ARG and ENV say, and nothing where the name is in quotes", ({ expect }) => {
    const { made } = assemble('ARG V=1\nARG W=2\nENV X="a b" Y=c\nCOPY <<A /a\n$V ${W} $X ${Y} \\$V $1\nA\nCOPY <<"B" /b\n$V ${NOBODY:-x} \\n\nB\n', { W: "given" });
    expect(textOf(made, ".sbx.files/1/A")).toBe("1 given a b c $V $1\n");
    expect(textOf(made, ".sbx.files/2/B")).toBe("$V ${NOBODY:-x} \\n\n");
  });

  it.for(["$PATH", "${NOBODY}", "${V:-x}", "a\\nb", "$LATER", "$ODD"])("is refused where the value of a variable does not stand there: %s", (text, { expect }) => {
    expect(() => assemble(`ARG V=1\nENV ODD="$PATH:/x"\nCOPY <<A /a\n${text}\nA\nENV LATER=1\n`)).toThrow(expect.objectContaining({ code: "KIT_UNSUPPORTED" }));
  });

  it("keeps what a stage said for stages that start from it, and for no others", ({ expect }) => {
    expect(textOf(assemble("FROM scratch AS one\nENV V=1\nFROM one\nCOPY <<A /a\n$V\nA\n").made, ".sbx.files/1/A")).toBe("1\n");
    expect(() => assemble("FROM scratch AS one\nENV V=1\nFROM scratch\nCOPY <<A /a\n$V\nA\n")).toThrow(expect.objectContaining({ code: "KIT_UNSUPPORTED" }));
  });
});

describe("COPY with --chmod", () => {
  it("copies files and whole directories once more, with the mode", ({ expect }) => {
    const { lines, made } = assemble('COPY --chmod=700 kit.yaml /k\nCOPY --chmod=0555 ["bin", "/opt/b in"]\n');
    expect(lines).toEqual(["COPY .sbx.files/1/0/kit.yaml /k", 'COPY [".sbx.files/2/0/bin","/opt/b in"]']);
    expect(made).toContainEqual({ kind: "text", path: ".sbx.files/1/0/kit.yaml", text: "kind: workload\n", mode: 0o700 });
    expect(made).toContainEqual({ kind: "directory", path: ".sbx.files/2/0/bin", mode: 0o555 });
    expect(made).toContainEqual({ kind: "file", path: ".sbx.files/2/0/bin/a", source: "/k/bin/a", sizeBytes: 1, executable: false, mode: 0o555 });
    expect(made).toContainEqual({ kind: "link", path: ".sbx.files/2/0/bin/c", target: "a" });
  });

  it("takes patterns, which reach into no directory", ({ expect }) => {
    const { lines } = assemble("COPY --chmod=755 bin/? /bin/\n".replace("bin/?", "bin/[ab]").replace("[ab]", "a"));
    expect(lines).toEqual(["COPY .sbx.files/1/0/a /bin/"]);
    expect(assemble("COPY --chmod=755 *.yaml /d/\n").lines).toEqual(["COPY .sbx.files/1/0/kit.yaml /d/"]);
  });

  it("never has what was made for it copied by a line that copies everything", ({ expect }) => {
    const { lines, made } = assemble("COPY <<'A' /a\nsecret\nA\nCOPY . /all\nADD ./ /more\n");
    expect(lines.slice(1)).toEqual(["COPY .sbx.files/2/0/all /all", "ADD .sbx.files/3/0/all /more"]);
    expect(made.filter(({ path }) => path.startsWith(".sbx.files/2/")).map(({ path }) => path)).not.toContainEqual(expect.stringContaining("/A"));
    expect(made).toContainEqual({ kind: "file", path: ".sbx.files/2/0/all/bin/a", source: "/k/bin/a", sizeBytes: 1, executable: false });
  });

  it.for([
    ["a link", "COPY --chmod=755 kit.link /x", "KIT_UNSUPPORTED"],
    ["nothing", "COPY --chmod=755 gone /x", "KIT_INVALID"],
    ["nothing of many stars", `COPY --chmod=755 ${"*".repeat(60)}x /x`, "KIT_INVALID"],
    ["what lies above", "COPY --chmod=755 ../../etc/passwd /x", "KIT_INVALID"],
    ["a variable", "COPY --chmod=755 $X /x", "KIT_UNSUPPORTED"],
    ["words for a mode", "COPY --chmod=u+x kit.yaml /x", "KIT_UNSUPPORTED"],
    ["a variable for a mode", "COPY --chmod=$M kit.yaml /x", "KIT_UNSUPPORTED"],
    ["a stage", "COPY --from=0 --chmod=755 a /x", "KIT_UNSUPPORTED"],
    ["an archive", "ADD --chmod=755 kit.yaml /x", "KIT_UNSUPPORTED"],
    ["a link of the builder's", "COPY --link --chmod=755 kit.yaml /x", "KIT_UNSUPPORTED"],
    ["an address", "ADD http://127.0.0.1/ <<A /x\nA", "KIT_INVALID"],
  ])("refuses %s", ([, line = "", code], { expect }) => {
    expect(() => assemble(`${line}\n`)).toThrow(expect.objectContaining({ code }));
  });

  it("is refused in a directory that has the names of its own files", ({ expect }) => {
    const files: readonly ContextFile[] = [{ kind: "text", path: ".sbx.files", text: "" }];
    expect(() => assembleRecipe({ name: "x", dockerfile: `${HEAD}COPY <<A /a\nA\n`, files })).toThrow(expect.objectContaining({ code: "KIT_INVALID" }));
  });
});

describe("RUN with a here-document", () => {
  it("gives the text to the shell of its stage", ({ expect }) => {
    expect(scriptOf('RUN <<EOF\nset -e\necho "$HOME"\nEOF\n')).toEqual(["/bin/sh", "-c", 'set -e\necho "$HOME"\n']);
    expect(scriptOf('SHELL ["/bin/bash", "-euc"]\nRUN <<EOF\na\nEOF\n')).toEqual(["/bin/bash", "-euc", "a\n"]);
    expect(scriptOf('FROM scratch AS one\nSHELL ["/s"]\nFROM scratch\nRUN <<EOF\na\nEOF\n')).toEqual(["/bin/sh", "-c", "a\n"]);
    expect(scriptOf('FROM scratch AS one\nSHELL ["/s"]\nFROM one\nRUN <<EOF\na\nEOF\n')).toEqual(["/s", "a\n"]);
  });

  it("leaves documents of a command to the shell", ({ expect }) => {
    expect(scriptOf("RUN python3 <<'A' && cat <<B\nprint(1)\nA\n$HOME\nB\n")).toEqual(["/bin/sh", "-c", "python3 <<'A' && cat <<B\nprint(1)\nA\n$HOME\nB"]);
  });

  it("runs a script by the interpreter that it names", ({ expect }) => {
    expect(scriptOf("RUN <<EOF\n#!/usr/bin/python3\nprint(1)\nSBX_SCRIPT\nEOF\n")[2]).toContain("<<'SBX_SCRIPT_'\n#!/usr/bin/python3\nprint(1)\nSBX_SCRIPT\nSBX_SCRIPT_\n");
  });

  it("is refused with flags of another builder", ({ expect }) => {
    expect(() => assemble("RUN --mount=type=cache,target=/x <<EOF\nEOF\n")).toThrow(expect.objectContaining({ code: "KIT_UNSUPPORTED" }));
    expect(() => assemble("RUN --mount=type=cache,target=/x true\n")).toThrow(expect.objectContaining({ code: "KIT_UNSUPPORTED" }));
  });

  it("is refused where a line would become longer than the builder reads", ({ expect }) => {
    expect(() => assemble(`RUN <<EOF\n${"x".repeat(70_000)}\nEOF\n`)).toThrow(expect.objectContaining({ code: "KIT_UNSUPPORTED" }));
  });
});

describe("whatever stands in a here-document", () => {
  it("becomes no instruction, and comes to the shell or the file as it was", ({ expect }) => {
    const line = fc
      .oneof(fc.constantFrom("FROM evil", "ADD http://127.0.0.1/ /x", "EOF2", "RUN <<X", "\\", "# escape=`", '"', "'"), fc.string({ unit: "binary" }))
      .map((text) => text.replaceAll(/[\p{Cc}\r\n]/gu, ""));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.boolean(), (lines, isRun) => {
        fc.pre(!lines.includes("EOF"));
        const text = lines.map((one) => `${one}\n`).join("");
        fc.pre(!text.startsWith("#!"));
        const { dockerfile, files } = assembleRecipe({ name: "x", dockerfile: `${HEAD}${isRun ? "RUN <<'EOF'" : "COPY <<'EOF' /x"}\n${text}EOF\nUSER agent\n`, files: [] });
        checkDockerfile("x", dockerfile);
        const read = readDockerfile("x", dockerfile);
        expect(read.map(({ name }) => name)).toEqual(["ARG", "FROM", isRun ? "RUN" : "COPY", "USER"]);
        expect(isRun ? listOf(read[2]?.rest ?? "")?.[2] : textOf(files, ".sbx.files/1/EOF")).toBe(text);
      }),
    );
  });
});
