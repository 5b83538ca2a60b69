import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "vitest";
import * as z from "zod";
import { capture } from "../src/run-tool.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const Config = z.object({ forbidden: z.array(z.object({ name: z.string() })) });
const Result = z.object({ summary: z.object({ violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })) }) });

/** A file to plant, and the rule that has to see it. Imports are by name, as ours are, so that a blind resolver is found out. */
const FAULTS: readonly { readonly rule: string; readonly file: string; readonly text: string }[] = [
  { rule: "no-cycles", file: "packages/syscalls/src/planted-cycle.ts", text: 'import { two } from "./planted-two.ts";\nexport const one = (): number => two();\n' },
  { rule: "no-unresolved", file: "packages/syscalls/src/planted-unresolved.ts", text: 'import { x } from "./not-there.ts";\nexport const y = x;\n' },
  { rule: "contracts-stand-alone", file: "packages/contracts/src/planted-outwards.ts", text: 'export { decide } from "../../egress-policy/src/decide.ts";\n' },
  { rule: "contracts-do-no-io", file: "packages/contracts/src/planted-io.ts", text: 'import { isIP } from "node:net";\nexport const x = isIP;\n' },
  { rule: "domain-does-no-io", file: "packages/egress-policy/src/planted-io.ts", text: 'import { readFile } from "node:fs/promises";\nexport const x = readFile;\n' },
  { rule: "domain-knows-streams-as-types-only", file: "packages/sandbox-core/src/planted-stream.ts", text: 'import { Readable } from "node:stream";\nexport const x = Readable;\n' },
  { rule: "domain-does-no-io", file: "packages/sandbox-core/src/sandbox/planted-io.ts", text: 'import { stat } from "node:fs/promises";\nexport const x = stat;\n' },
  { rule: "domain-does-no-io", file: "packages/sandbox-core/src/sdk/planted-io.ts", text: 'import { request } from "node:http";\nexport const x = request;\n' },
  {
    rule: "only-callers-know-the-client",
    file: "packages/sandbox-core/src/sandbox/planted-call.ts",
    text: 'import { createConnection } from "../client/connection.ts";\nexport const x = createConnection;\n',
  },
  {
    rule: "only-callers-know-the-client",
    file: "packages/workspace/src/planted-call.ts",
    text: 'import { createConnection } from "../../sandbox-core/src/client/index.ts";\nexport const x = createConnection;\n',
  },
  { rule: "only-callers-know-the-client", file: "apps/daemon/src/planted-call.ts", text: 'import { createConnection } from "@sbx/core/client";\nexport const x = createConnection;\n' },
  { rule: "client-knows-contracts-alone", file: "packages/sandbox-core/src/client/planted-domain.ts", text: 'import { parseKit } from "../kit/parse-kit.ts";\nexport const x = parseKit;\n' },
  {
    rule: "domain-does-not-know-adapters",
    file: "packages/sandbox-core/src/planted-adapter.ts",
    text: 'import { connectEngine } from "../../engine-docker/src/index.ts";\nexport const x = connectEngine;\n',
  },
  { rule: "syscalls-know-nobody", file: "packages/syscalls/src/planted-friend.ts", text: 'import { AppError } from "../../contracts/src/index.ts";\nexport const x = AppError;\n' },
  ...["engine-docker", "egress-proxy", "workspace", "images", "kits", "scripted-model", "launch", "vault", "mcp-gateway", "server-packages", "docker-guard", "archive", "hold", "ssh-agent-relay"].map(
    (name) => ({
      rule: `${name}-knows-no-other-adapter`,
      file: `packages/${name}/src/planted-neighbour.ts`,
      text: `import * as other from "../../${name === "images" ? "workspace" : "images"}/src/index.ts";\nexport const x = other;\n`,
    }),
  ),
  { rule: "packages-never-import-apps", file: "packages/workspace/src/planted-app.ts", text: 'export { runDaemon } from "../../../apps/daemon/src/index.ts";\n' },
  { rule: "shipped-code-needs-no-tooling", file: "apps/cli/src/planted-tooling.ts", text: 'export { library } from "../../../tooling/build/tsup.ts";\n' },
  { rule: "only-the-daemon-composes", file: "apps/cli/src/planted-engine.ts", text: 'import { connectEngine } from "@sbx/engine-docker";\nexport const x = connectEngine;\n' },
  { rule: "no-test-code-in-src", file: "packages/engine-docker/src/planted-fake.ts", text: 'export * from "@sbx/testing";\n' },
  {
    rule: "one-place-speaks-docker",
    file: "packages/workspace/src/planted-docker.ts",
    text: 'import Docker from "../../engine-docker/node_modules/dockerode/lib/docker.js";\nexport const x = Docker;\n',
  },
  { rule: "one-place-calls-libc", file: "packages/workspace/src/planted-libc.ts", text: 'import koffi from "../../syscalls/node_modules/koffi/index.js";\nexport const x = koffi;\n' },
  { rule: "no-undeclared-dependency", file: "packages/workspace/src/planted-undeclared.ts", text: 'import { Command } from "typescript";\nexport const x = Command;\n' },
];

/** Copy what the checker reads; links of dependencies stay relative, so they lead into the copy. */
async function copyTree(): Promise<string> {
  const copy = await mkdtemp(path.join(tmpdir(), "sbx-layers-"));
  for (const parent of ["packages", "apps", "tooling"]) {
    for (const name of await readdir(path.join(ROOT, parent))) {
      const skipped = /\/(?:dist|test|\.turbo)$/;
      await cp(path.join(ROOT, parent, name), path.join(copy, parent, name), { recursive: true, verbatimSymlinks: true, filter: (source) => !skipped.test(source) });
    }
  }
  await Promise.all(
    [".dependency-cruiser.cjs", "package.json", "tsconfig.json"].map(async (name) => {
      await cp(path.join(ROOT, name), path.join(copy, name));
    }),
  );
  await symlink(path.join(ROOT, "node_modules"), path.join(copy, "node_modules"));
  return copy;
}

describe("the rules of the layers", () => {
  test("each sees a fault planted against it, also across packages", { timeout: 60_000 }, async ({ expect }) => {
    const copy = await copyTree();
    try {
      await writeFile(path.join(copy, "packages/syscalls/src/planted-two.ts"), 'import { one } from "./planted-cycle.ts";\nexport const two = (): number => one();\n');
      for (const { file, text } of FAULTS) {
        await mkdir(path.dirname(path.join(copy, file)), { recursive: true });
        await writeFile(path.join(copy, file), text);
      }
      const { output } = await capture(path.join(ROOT, "node_modules/.bin/depcruise"), ["packages", "apps", "--no-progress", "--output-type", "json"], copy);
      const { violations } = Result.parse(JSON.parse(output)).summary;
      const seen = FAULTS.filter(({ rule, file }) => violations.some((one) => one.from === file && one.rule.name === rule)).map(({ rule }) => rule);
      expect(seen).toEqual(FAULTS.map(({ rule }) => rule));
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });

  test("all have a fault planted against them here", ({ expect }) => {
    const { forbidden } = Config.parse(createRequire(import.meta.url)(path.join(ROOT, ".dependency-cruiser.cjs")));
    expect(forbidden.map(({ name }) => name).toSorted()).toEqual([...new Set(FAULTS.map(({ rule }) => rule))].toSorted());
  });
});
