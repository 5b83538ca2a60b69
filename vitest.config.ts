import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tooling/e2e/src/longest-first.ts";

/** Sources first: packages resolve each other by the `@sbx/source` condition, so that tests need no build. */
const resolve = { conditions: ["@sbx/source", "module", "node", "default"] };
const ssr = { resolve: { conditions: ["@sbx/source", "module", "node", "default"] } };

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "tooling/*/test/**/*.test.ts"],
          exclude: ["**/*.engine.test.ts", "**/node_modules/**"],
          testTimeout: 60_000,
          // Vitest's own choice leaves one processor alone: on a machine of two that is one file at a time.
          maxWorkers: availableParallelism(),
          // Loading our modules anew for each file would cost more than the tests themselves.
          isolate: false,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "engine",
          globalSetup: ["./tooling/e2e/src/provide-images.ts"],
          include: ["packages/*/test/**/*.engine.test.ts", "apps/*/test/**/*.engine.test.ts", "tooling/*/**/*.engine.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // Files wait for containers about as much as they compute: on two processors, more than four wait for each other.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
