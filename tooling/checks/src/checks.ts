import { readFile } from "node:fs/promises";
import path from "node:path";
import { apiDocument } from "@sbx/docker-guard";
import { checkChangesets } from "./check-changesets.ts";
import { checkPackages } from "./check-packages.ts";
import { outcomeOf, type Check, type Outcome } from "./check.ts";
import { brokenReferences } from "./document-links.ts";
import { documentedExports, documentedShare } from "./documented-exports.ts";
import { errorsDocument } from "./errors-document.ts";
import { hygieneFindings } from "./hygiene.ts";
import { runTool } from "./run-tool.ts";
import { trackedFiles } from "./tracked-files.ts";
import { workspacePackages } from "./workspace-packages.ts";

/** Share of public exports that have a docstring. */
const DOCUMENTED = 0.9;

/** Every check of the repository, in the order they begin. */
export const CHECKS: readonly Check[] = [
  {
    name: "types",
    keeps: "the whole tree compiles",
    run: async (root) => await runTool({ root, tool: "../typescript-native/bin/tsc", args: ["-p", "tsconfig.json"], note: countOf(/error TS\d+/g, "errors") }),
  },
  {
    name: "lint",
    keeps: "size, safety and the house rules",
    run: async (root) => await runTool({ root, tool: "oxlint", args: ["--format=unix"], note: (output) => /^(\d+ problems?)$/m.exec(output)?.[1] }),
  },
  { name: "format", keeps: "one layout, written by npm run format", run: async (root) => await runTool({ root, tool: "oxfmt", args: ["--check"] }) },
  {
    name: "layers",
    keeps: "contracts → domain → adapters → apps",
    run: async (root) =>
      await runTool({ root, tool: "depcruise", args: ["packages", "apps", "--no-progress"], note: (output) => /(\d+ dependency violations|\d+ modules, \d+ dependencies)/.exec(output)?.[1] }),
  },
  {
    name: "unused",
    keeps: "no file, export or dependency without a user",
    run: async (root) =>
      await runTool({ root, tool: "knip", args: ["--no-progress", "--no-config-hints"], note: (output) => [...output.matchAll(/^(.+ \(\d+\))$/gm)].map((match) => match[1]).join(", ") }),
  },
  { name: "versions", keeps: "one version of each dependency", run: async (root) => await runTool({ root, tool: "sherif", args: ["-r", "packages-without-package-json"] }) },
  { name: "hygiene", keeps: "nothing of one machine, nothing left for later", run: async (root) => outcomeOf(hygieneFindings(await trackedFiles(root)), { what: "findings", green: "" }) },
  { name: "docstrings", keeps: "public things say what they are", run: checkDocstrings },
  {
    name: "sdk-docs",
    keeps: "the SDK documents itself",
    run: async (root) => await runTool({ root, tool: "typedoc", args: ["--options", "packages/sandbox-core/typedoc.json", "--emit", "none"], note: () => undefined }),
  },
  { name: "paper", keeps: "documents name only what exists", run: checkPaper },
  { name: "changesets", keeps: "users are told", run: checkChangesets },
  { name: "packages", keeps: "what is published can be imported", run: checkPackages, alone: true },
];

function countOf(pattern: RegExp, what: string): (output: string) => string {
  return (output) => {
    const count = [...output.matchAll(pattern)].length;
    return count === 0 ? "" : `${count} ${what}`;
  };
}

async function checkDocstrings(root: string): Promise<Outcome> {
  const all = documentedExports(root, await workspacePackages(root));
  const share = documentedShare(all);
  const note = `${(share * 100).toFixed(0)} % of ${all.reduce((total, one) => total + one.exports, 0)} exports, ${DOCUMENTED * 100} % wanted`;
  const output = all
    .filter((one) => one.missing.length > 0)
    .map((one) => `${one.name}: ${one.missing.join(", ")}`)
    .join("\n");
  return { ok: share >= DOCUMENTED, note, output };
}

async function checkPaper(root: string): Promise<Outcome> {
  const documents = (await trackedFiles(root)).filter((file) => /^(?:[A-Z]+\.md|docs\/.*\.md|\.changeset\/README\.md)$/.test(file.path));
  const errors = await readFile(path.join(root, "docs/errors.md"), "utf8").catch(() => "");
  const calls = await readFile(path.join(root, "docs/docker-api.md"), "utf8").catch(() => "");
  const findings = [
    ...brokenReferences(root, documents),
    ...(errors === errorsDocument() ? [] : ["docs/errors.md is not what npm run errors writes"]),
    ...(calls === apiDocument() ? [] : ["docs/docker-api.md is not what npm run docker-api writes"]),
  ];
  return outcomeOf(findings, { what: "findings", green: `${documents.length} documents` });
}
