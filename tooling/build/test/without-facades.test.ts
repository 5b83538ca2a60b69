import { describe, it } from "vitest";
import { withBuiltinsTaken } from "../without-facades.ts";

describe("Node's own modules in a bundle", () => {
  it("are taken without an import, with the names that the file uses", ({ expect }) => {
    expect(withBuiltinsTaken('import{readFileSync as read,statSync}from"node:fs";import path from"node:path";import * as os from "node:os";\nrun();')).toBe(
      'const {readFileSync:read,statSync}=process.getBuiltinModule("node:fs");const path=process.getBuiltinModule("node:path");const os=process.getBuiltinModule("node:os");run();',
    );
  });

  it("are taken whole and by name at once", ({ expect }) => {
    expect(withBuiltinsTaken('import fs,{statSync as s}from"node:fs";')).toBe('const fs=process.getBuiltinModule("node:fs");const {statSync:s}=process.getBuiltinModule("node:fs");');
  });

  it("are taken after the imports that stay, whose order is kept", ({ expect }) => {
    expect(withBuiltinsTaken('import{a}from"./a.mjs";import{b as c}from"node:fs";import"./effect.mjs";')).toBe(
      'import{a}from"./a.mjs";const {b:c}=process.getBuiltinModule("node:fs");import"./effect.mjs";',
    );
    expect(withBuiltinsTaken('import{b}from"node:fs";import{a}from"./a.mjs";')).toBe('import{a}from"./a.mjs";const {b}=process.getBuiltinModule("node:fs");');
  });

  it.for(['import{default as fs}from"node:fs";go(fs);', 'const text=`import{a}from"node:fs";`;', 'export*from"node:fs";', 'go();import{a}from"node:fs";'])(
    "stay as they are where that is written otherwise, or is no import: %s",
    (code, { expect }) => {
      expect(withBuiltinsTaken(code)).toBe(code);
    },
  );
});
