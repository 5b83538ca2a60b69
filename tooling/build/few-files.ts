import type { InputOptions, OutputOptions } from "rolldown";

/** How the sources of the command line are read, for a clone and for a release. */
export const FROM_SOURCES = {
  platform: "node",
  resolve: { conditionNames: ["@sbx/source", "import", "node", "default"], mainFields: ["module", "main"] },
  onLog: (level, log, handle) => {
    if (log.code !== "INEFFECTIVE_DYNAMIC_IMPORT") handle(level, log);
  },
} satisfies InputOptions;

/**
 * How they are put into files. Node takes longer to find a file than to run it: what every command needs is one, and what
 * each of those needs that are typed most is another.
 */
export const FEW_FILES = {
  format: "esm",
  keepNames: true,
  codeSplitting: {
    groups: [
      { name: "start", priority: 4, test: /\/apps\/cli\/src\/(?:main|process-context|program|commands\/(?:exec|run))\.ts$/ },
      {
        name: "sessions",
        priority: 3,
        test: /\/(?:session\/exec-in-sandbox|client\/(?:connection|daemon-program|daemon-version|is-listening|state-directory)|contracts\/src\/session-api)\.ts$/,
      },
      { name: "runs", priority: 2, test: /\/(?:run\/run-agent|client\/event-stream|contracts\/src\/(?:event|sandbox)-api)\.ts$/ },
      { name: "commands", priority: 1, test: /\/apps\/cli\/src\/commands\/[^/]+\.ts$/ },
    ],
  },
} satisfies OutputOptions;
