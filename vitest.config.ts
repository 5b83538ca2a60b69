import { defineConfig } from "vitest/config";

/** Sources first: packages resolve each other by the `@sbx/source` condition, so that tests need no build. */
const resolve = { conditions: ["@sbx/source", "module", "node", "default"] };
const ssr = { resolve: { conditions: ["@sbx/source", "module", "node", "default"] } };

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "tooling/*/test/**/*.test.ts"],
          exclude: ["packages/mcp-gateway/**", "**/*.engine.test.ts", "**/node_modules/**"],
          testTimeout: 15_000,
          // Loading our modules anew for each file would cost more than the tests themselves.
          isolate: false,
        },
      },
      {
        resolve,
        ssr,
        test: {
          // Threads, floods and bombs: these files come to their end only with a process each.
          name: "unit-isolated",
          include: ["packages/mcp-gateway/test/**/*.test.ts"],
          exclude: ["**/*.engine.test.ts", "**/node_modules/**"],
          testTimeout: 15_000,
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
          // Files wait for containers more than they compute; beyond three they wait for each other.
          maxWorkers: 3,
        },
      },
    ],
  },
});
