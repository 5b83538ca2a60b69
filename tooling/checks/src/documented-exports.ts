import path from "node:path";
import ts from "typescript";
import type { WorkspacePackage } from "./workspace-packages.ts";

export interface Documented {
  readonly name: string;
  readonly exports: number;
  /** Names without a docstring. */
  readonly missing: readonly string[];
}

/** Which exports of each library's `src/index.ts` have a docstring; the compiler says what is exported and what is written on it. */
export function documentedExports(root: string, packages: readonly WorkspacePackage[]): readonly Documented[] {
  const libraries = packages
    .filter((one) => one.isLibrary)
    .map((one) => ({ ...one, index: path.join(root, one.folder, "src/index.ts") }))
    .filter((one) => ts.sys.fileExists(one.index));
  const config = ts.getParsedCommandLineOfConfigFile(path.join(root, "tsconfig.json"), {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined });
  const program = ts.createProgram({ rootNames: libraries.map((one) => one.index), options: config?.options ?? {} });
  const checker = program.getTypeChecker();
  return libraries.map(({ name, index }) => {
    const file = program.getSourceFile(index);
    const symbol = file === undefined ? undefined : checker.getSymbolAtLocation(file);
    const exported = symbol === undefined ? [] : checker.getExportsOfModule(symbol);
    return { name, exports: exported.length, missing: exported.filter((one) => !isDocumented(one, checker)).map((one) => one.name) };
  });
}

function isDocumented(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  const target = (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
  return target.getDocumentationComment(checker).length > 0;
}

/** Share of documented exports over all packages, from 0 to 1. */
export function documentedShare(all: readonly Documented[]): number {
  const exports = all.reduce((total, one) => total + one.exports, 0);
  const missing = all.reduce((total, one) => total + one.missing.length, 0);
  return exports === 0 ? 1 : (exports - missing) / exports;
}
