import { describe, it } from "vitest";
import { withBuiltinsTaken } from "../without-facades.ts";

describe("Node's own modules in a bundle", () => {
  it("are taken without an import, with the names that the file uses", ({ expect }) => {
    expect(withBuiltinsTaken('import{readFileSync as read,statSync}from"node:fs";import path from"node:path";import * as os from "node:os";\nrun();')).toBe(
      'const {readFileSync:read,statSync}=process.getBuiltinModule("node:fs");const path=process.getBuiltinModule("node:path");const os=process.getBuiltinModule("node:os");\nrun();',
    );
  });

  it("are taken whole and by name at once", ({ expect }) => {
    expect(withBuiltinsTaken('import fs,{statSync as s}from"node:fs";')).toBe('const fs=process.getBuiltinModule("node:fs");const {statSync:s}=process.getBuiltinModule("node:fs");');
  });

  it("are taken where they stood, line by line, among the imports that stay", ({ expect }) => {
    expect(withBuiltinsTaken('import{a}from"./a.mjs";\nimport { b as c } from "node:fs";\n\nimport{d}from"./d.mjs";\n')).toBe(
      'import{a}from"./a.mjs";\nconst { b:c }=process.getBuiltinModule("node:fs");\n\nimport{d}from"./d.mjs";\n',
    );
  });

  it.for(['import{default as fs}from"node:fs";go(fs);', 'const text=`import{a}from"node:fs";`;', 'export*from"node:fs";', 'go();import{a}from"node:fs";'])(
    "stay as they are where that is written otherwise, or is no import: %s",
    (code, { expect }) => {
      expect(withBuiltinsTaken(code)).toBe(code);
    },
  );
});
