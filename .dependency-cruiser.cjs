/**
 * The rings, checked: contracts → domain → adapters → apps. A ring may import any ring inside it, never outwards.
 *
 * `tooling/checks/test/layers.test.ts` plants a fault against each rule in a copy and expects red: without
 * `conditionNames` imports from package to package are silently not seen.
 */
const DOMAIN = ["sandbox-core", "egress-policy", "secret-injector", "catalog"];
const ADAPTERS = [
  "engine-docker",
  "egress-proxy",
  "workspace",
  "images",
  "kits",
  "scripted-model",
  "launch",
  "vault",
  "mcp-gateway",
  "server-packages",
  "docker-guard",
  "archive",
  "hold",
  "ssh-agent-relay",
];

/** @param {readonly string[]} names */
const ring = (names) => `^packages/(${names.join("|")})/`;
/** @param {readonly string[]} names */
const sources = (names) => `^packages/(${names.join("|")})/src/`;
/** The one part of the domain's packages that does I/O: it speaks to the daemon, for the SDK and the command line. */
const CLIENT = "^packages/sandbox-core/src/client/";
/** Sources that ship: not the tests, not the package of fakes. */
const SHIPPED = "^(packages/(?!testing/)[^/]+|apps/[^/]+)/src/";

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    { name: "no-unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
    { name: "contracts-stand-alone", severity: "error", from: { path: sources(["contracts"]) }, to: { path: "^(packages/(?!contracts/)|apps/)" } },
    { name: "contracts-do-no-io", severity: "error", from: { path: sources(["contracts"]) }, to: { dependencyTypes: ["core"] } },
    // Of `net` and `crypto` only what neither reads nor changes the world: the import rules of .oxlintrc.json name it.
    { name: "domain-does-no-io", severity: "error", from: { path: sources(DOMAIN), pathNot: CLIENT }, to: { dependencyTypes: ["core"], pathNot: "^(node:)?(url|net|util|crypto|stream)$" } },
    { name: "domain-knows-streams-as-types-only", severity: "error", from: { path: sources(DOMAIN), pathNot: CLIENT }, to: { path: "^(node:)?stream$", dependencyTypesNot: ["type-only"] } },
    // What decides never reaches the client, and the daemon never calls itself: only the SDK and the command line use it.
    {
      name: "only-callers-know-the-client",
      severity: "error",
      from: { path: "^(packages|apps)/[^/]+/src/", pathNot: `${CLIENT}|^packages/sandbox-core/src/(sdk/|index[.]ts)|^apps/cli/` },
      to: { path: CLIENT },
    },
    { name: "client-knows-contracts-alone", severity: "error", from: { path: CLIENT }, to: { path: "^(packages/(?!contracts/)|apps/)", pathNot: CLIENT } },
    { name: "domain-does-not-know-adapters", severity: "error", from: { path: sources(DOMAIN) }, to: { path: ring([...ADAPTERS, "syscalls"]) } },
    { name: "syscalls-know-nobody", severity: "error", from: { path: sources(["syscalls"]) }, to: { path: "^(packages/(?!syscalls/)|apps/)" } },
    ...ADAPTERS.map((name) => ({
      name: `${name}-knows-no-other-adapter`,
      severity: "error",
      from: { path: sources([name]) },
      to: { path: ring(ADAPTERS.filter((other) => other !== name)) },
    })),
    { name: "packages-never-import-apps", severity: "error", from: { path: "^packages/[^/]+/src/" }, to: { path: "^apps/" } },
    { name: "shipped-code-needs-no-tooling", severity: "error", from: { path: SHIPPED }, to: { path: "^tooling/" } },
    // The person's own files are copied by the person's own command, not by the daemon; so are Kits, also those that are images. `sbx doctor` explains a machine on which no daemon can start, so it may look for the engine itself.
    {
      name: "only-the-daemon-composes",
      severity: "error",
      from: { path: "^apps/(?!daemon/)[^/]+/src/", pathNot: "^apps/cli/src/(doctor/|agents/place-kit\\.ts$)" },
      to: { path: ring(ADAPTERS.filter((name) => name !== "launch" && name !== "archive")) },
    },
    { name: "no-test-code-in-src", severity: "error", from: { path: SHIPPED }, to: { path: "^packages/testing/|/test/" } },
    { name: "one-place-speaks-docker", severity: "error", from: { path: SHIPPED, pathNot: "^packages/engine-docker/" }, to: { path: "node_modules/(@types/)?dockerode/" } },
    { name: "one-place-calls-libc", severity: "error", from: { path: SHIPPED, pathNot: "^packages/syscalls/" }, to: { path: "node_modules/koffi/" } },
    { name: "no-undeclared-dependency", severity: "error", from: { path: SHIPPED }, to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: ["node_modules", "/dist/"] },
    exclude: { path: ["/dist/"] },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@sbx/source", "import", "node", "default", "types"],
      extensions: [".ts", ".mts", ".mjs", ".js", ".cjs", ".json", ".d.ts", ".d.mts"],
    },
  },
};
