import { mkdtemp, readdir, rm } from "node:fs/promises";
import { availableParallelism, homedir, tmpdir } from "node:os";
import path from "node:path";
import { outcomeOf, type Outcome } from "./check.ts";
import { capture } from "./run-tool.ts";
import { workspacePackages, type WorkspacePackage } from "./workspace-packages.ts";

/** pnpm as the set-up brings it: it alone knows catalogs and `publishConfig`. */
const PNPM = ["-y", "-p", "pnpm@12"];

/** Packages that are looked at side by side: each look is one process after another. */
const LANES = availableParallelism();

/** What was built, by the content it was built from: a fresh clone need not build again what another one of the same content has. */
const BUILT = path.join(homedir(), ".cache", "sbx-tests", "turbo");

/** Build and pack every published package as a release would, then look at each tarball as a user's tools will. */
export async function checkPackages(root: string): Promise<Outcome> {
  const published = (await workspacePackages(root)).filter((one) => !one.isPrivate);
  const built = await capture("npx", [...PNPM, "turbo", "run", "build", "//#declarations", "--output-logs=errors-only", `--cache-dir=${BUILT}`], root);
  if (built.code !== 0) return { ok: false, note: "the build failed", output: built.output };
  const place = await mkdtemp(path.join(tmpdir(), "sbx-packages-"));
  try {
    const packed = await capture("npx", [...PNPM, "pnpm", "-r", ...published.flatMap((one) => ["--filter", one.name]), "pack", "--pack-destination", place], root);
    if (packed.code !== 0) return { ok: false, note: "packing failed", output: packed.output };
    const tarballs = await readdir(place);
    const findings: string[] = [];
    const waiting = [...published];
    const lane = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) findings.push(...(await lookAt(root, one, { place, tarballs })));
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return outcomeOf(findings, { what: "findings", green: `${published.length} packages` });
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function lookAt(root: string, one: WorkspacePackage, { place, tarballs }: { readonly place: string; readonly tarballs: readonly string[] }): Promise<readonly string[]> {
  const stem = one.name.replace(/^@/, "").replace("/", "-");
  const tarball = tarballs.find((name) => name.startsWith(stem) && /^-\d/.test(name.slice(stem.length)));
  if (tarball === undefined) return [`${one.name}: no tarball was made`];
  const file = path.join(place, tarball);
  const lint = await capture(path.join(root, "node_modules/.bin/publint"), ["--strict", file], root);
  const findings = lint.code === 0 ? [] : [`${one.name}: ${lint.output.trim()}`];
  return one.isLibrary ? [...findings, ...(await checkTypes(root, one.name, file))] : findings;
}

/** attw ends with 0 for a package that has no types at all, so its answer is read. */
async function checkTypes(root: string, name: string, file: string): Promise<readonly string[]> {
  const { code, output } = await capture(path.join(root, "node_modules/.bin/attw"), ["--profile", "esm-only", "--format", "json", file], root);
  if (code === 0 && !/"types":\s*false/.test(output)) return [];
  const { output: table } = await capture(path.join(root, "node_modules/.bin/attw"), ["--profile", "esm-only", "--format", "ascii", "--no-color", file], root);
  return [`${name}: ${table.trim()}`];
}
