import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take minutes, the longest first: begun late, one of them would go on alone at the end. */
const LONG: readonly string[] = [
  "tooling/e2e/test/agents",
  "tooling/e2e/test/built-in-servers",
  "tooling/e2e/test/docker-clients",
  "tooling/e2e/test/sdk",
  "tooling/attacks/workspace/workspace",
  "tooling/faults/other-engines",
  "tooling/attacks/docker/fuzz/fuzz",
  "tooling/e2e/test/tale",
  "tooling/attacks/mcp/packages",
  "tooling/faults/kills",
  "tooling/e2e/test/docker",
  "tooling/faults/interruption",
  "tooling/attacks/mcp/pods",
  "tooling/faults/state",
  "tooling/e2e/test/docker-rules",
  "packages/images/test/images",
  "tooling/attacks/docker/others",
];

/** Begins with the files that take longest, on a machine too that has not run them yet. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(`/${name}.engine.test.ts`));
      return at === -1 ? LONG.length : at;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- a sequencer's method of that name, which gives another array
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
