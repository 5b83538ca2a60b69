import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { planServer } from "../../src/plan/plan-server.ts";
import { readServerJson } from "../../src/read/read-server-json.ts";
import { problemOf } from "../problem-of.ts";

const read = (fields: object) => readServerJson(JSON.stringify({ name: "io.github.acme/tool", description: "Does things", version: "1.0.0", ...fields }));

describe("a community server.json", () => {
  it("prefers a remote, then an image, PyPI, npm and a bundle, and names what else there is", ({ expect }) => {
    const { servers, alternatives, warnings } = read({
      packages: [
        { registryType: "npm", identifier: "@acme/tool", version: "1.2.3", transport: { type: "stdio" } },
        { registryType: "mcpb", identifier: "https://acme.example/tool.mcpb", version: "1", fileSha256: "AB".repeat(32), transport: { type: "stdio" } },
        { registryType: "pypi", identifier: "acme-tool", version: "1.2.3", transport: { type: "stdio" } },
        { registryType: "oci", identifier: "ghcr.io/acme/tool", version: "1.2.3", transport: { type: "stdio" } },
        { registryType: "npm", identifier: "acme-http", version: "1.2.3", transport: { type: "streamable-http", url: "http://localhost/" } },
        { registryType: "nuget", identifier: "Acme", version: "1.2.3" },
      ],
      remotes: [
        { type: "sse", url: "https://acme.example/sse" },
        { type: "streamable-http", url: "https://acme.example/mcp" },
      ],
    });
    expect(servers.map(({ name, source }) => [name, source])).toEqual([["io-github-acme-tool", { kind: "remote", url: "https://acme.example/sse", transport: "sse", headers: {} }]]);
    expect(alternatives.map(({ source }) => source)).toEqual([
      { kind: "remote", url: "https://acme.example/mcp", transport: "streamable-http", headers: {} },
      { kind: "image", image: "ghcr.io/acme/tool:1.2.3" },
      { kind: "pypi", package: "acme-tool", version: "1.2.3" },
      { kind: "npm", package: "@acme/tool", version: "1.2.3" },
      { kind: "bundle", from: "https://acme.example/tool.mcpb", sha256: "ab".repeat(32) },
    ]);
    expect(warnings.map(({ message }) => message)).toEqual([
      '"acme-http" is left out: it speaks streamable-http, not over its standard streams',
      '"Acme" is left out: packages of the kind "nuget" are not run',
      '"io-github-acme-tool" is taken as remote; it could also be had as remote, image, pypi, npm, bundle',
    ]);
  });

  it("asks its user for variables, and keeps secrets apart", ({ expect }) => {
    const {
      servers: [entry],
    } = read({
      packages: [
        {
          registryType: "npm",
          identifier: "acme",
          version: "1.2.3",
          packageArguments: [
            { type: "positional", value: "serve" },
            { type: "named", name: "--region", default: "eu", description: "Where" },
            { type: "named", name: "--team", value: "team-{team}", variables: { team: { isRequired: true } } },
            { type: "positional", valueHint: "directory" },
            { type: "named", name: "--verbose" },
          ],
          environmentVariables: [
            { name: "API_KEY", isSecret: true, isRequired: true, description: "Key" },
            { name: "AUTH", value: "Bearer {token}", variables: { token: { isSecret: true } } },
            { name: "LEVEL", value: "debug" },
            { name: "URL", format: "string", choices: ["a", "b"] },
          ],
        },
      ],
    });
    expect(entry).toMatchObject({
      longLived: true,
      command: ["serve", "--region={{io-github-acme-tool.region|or:eu}}", "--team=team-{{io-github-acme-tool.team}}", "{{io-github-acme-tool.directory}}", "--verbose"],
      env: [
        { name: "AUTH", value: "Bearer ${TOKEN}" },
        { name: "LEVEL", value: "debug" },
        { name: "URL", value: "{{io-github-acme-tool.URL}}" },
      ],
      secrets: [
        { name: "io-github-acme-tool.API_KEY", env: "API_KEY", required: true, description: "Key" },
        { name: "io-github-acme-tool.token", env: "TOKEN", required: false },
      ],
      config: [{ type: "object", required: ["team"], properties: { region: { default: "eu", description: "Where" }, team: {}, directory: {}, URL: { enum: ["a", "b"] } } }],
    });
    if (entry === undefined) return;
    expect(problemOf(() => planServer(entry, {})).code).toBe("CONFIG_INVALID");
    expect(planServer(entry, { team: "blue" })).toMatchObject({ args: ["serve", "--region=eu", "--team=team-blue", "--verbose"], env: { LEVEL: "debug" }, network: { kind: "none" } });
  });

  it("carries of the container's options user, volumes and variables over, and no other", ({ expect }) => {
    const { servers, warnings } = read({
      packages: [
        {
          registryType: "oci",
          identifier: "acme/tool:1",
          runtimeArguments: [
            { type: "named", name: "--rm" },
            { type: "named", name: "-u", value: "1000" },
            { type: "named", name: "-v", value: "{dir}:/data", variables: { dir: { isRequired: true } } },
            { type: "named", name: "--mount", value: "type=bind,src={dir},dst=/other,ro", variables: { dir: {} } },
            { type: "named", name: "-e", value: "A=b" },
            { type: "named", name: "--privileged" },
            { type: "named", name: "--network", value: "host" },
            { type: "positional", value: "--pid=host" },
          ],
        },
      ],
    });
    expect(servers).toMatchObject([
      { user: "1000", volumes: ["{{io-github-acme-tool.dir}}:/data", "{{io-github-acme-tool.dir}}:/other:ro"], env: [{ name: "A", value: "b" }], command: [], longLived: false },
    ]);
    expect(warnings.map(({ message }) => message).filter((message) => message.includes("not carried over"))).toHaveLength(3);
  });

  it("turns headers and the variables of an address into secrets and settings", ({ expect }) => {
    const { servers } = read({
      remotes: [
        {
          type: "streamable-http",
          url: "https://{tenant}.acme.example/mcp",
          variables: { tenant: { isRequired: true } },
          headers: [
            { name: "X-API-Key", isSecret: true, isRequired: true },
            { name: "X-Region", value: "eu" },
          ],
        },
      ],
    });
    expect(servers).toMatchObject([
      {
        source: { url: "https://{{io-github-acme-tool.tenant}}.acme.example/mcp", headers: { "X-API-Key": "${X_API_KEY}", "X-Region": "eu" } },
        secrets: [{ name: "io-github-acme-tool.X-API-Key", env: "X_API_KEY", required: true }],
      },
    ]);
  });

  it("takes over who signs its user in", ({ expect }) => {
    const oauth = { providers: [{ provider: "acme", secret: "acme.token", env: "TOKEN" }], scopes: ["read"] };
    expect(read({ remotes: [{ type: "sse", url: "https://acme.example/" }], _meta: { "io.modelcontextprotocol.registry/publisher-provided": { oauth } } }).servers).toMatchObject([{ oauth }]);
  });

  for (const [what, fields] of [
    ["a version that is a tag", { packages: [{ registryType: "npm", identifier: "a", version: "latest" }] }],
    ["a version that is a range", { packages: [{ registryType: "npm", identifier: "a", version: "^1.0.0" }] }],
    ["no version", { packages: [{ registryType: "pypi", identifier: "a" }] }],
    ["a package that is an option", { packages: [{ registryType: "npm", identifier: "--registry=https://evil.example", version: "1.0.0" }] }],
    ["a package that is an address", { packages: [{ registryType: "npm", identifier: "git+ssh://evil.example/x", version: "1.0.0" }] }],
    ["a package that leads upwards", { packages: [{ registryType: "npm", identifier: "../../x", version: "1.0.0" }] }],
    ["an image that is an option", { packages: [{ registryType: "oci", identifier: "--privileged" }] }],
    ["a bundle without a sum", { packages: [{ registryType: "mcpb", identifier: "https://a.example/x.mcpb" }] }],
    ["an address with a secret", { remotes: [{ url: "https://a.example/?key={key}", variables: { key: { isSecret: true } } }] }],
    ["an address without TLS", { remotes: [{ url: "http://a.example/" }] }],
    ["nothing to run", {}],
  ] as const)
    it(`is left out with ${what}`, ({ expect }) => {
      const { servers, alternatives, warnings } = read(fields);
      expect([...servers, ...alternatives]).toEqual([]);
      expect(warnings.length).toBeGreaterThan(0);
    });

  it("is read in the envelope of the registry's API", ({ expect }) => {
    expect(readServerJson(JSON.stringify({ server: { name: "a/b", remotes: [{ type: "sse", url: "https://a.example/" }] }, _meta: {} })).servers).toMatchObject([{ name: "a-b" }]);
  });

  it("is refused at its line when it is none", ({ expect }) => {
    expect(problemOf(() => readServerJson('{\n  "name": 7\n}')).message).toBe("server.json:2:3: name: expected a text");
  });

  it("ends in an entry or CATALOG_INVALID for whatever document", ({ expect }) => {
    const key = fc.constantFrom(
      "name",
      "packages",
      "remotes",
      "registryType",
      "identifier",
      "version",
      "transport",
      "type",
      "url",
      "headers",
      "variables",
      "value",
      "isSecret",
      "runtimeArguments",
      "packageArguments",
      "environmentVariables",
      "server",
      "__proto__",
      "default",
    );
    const leaf = fc.oneof(fc.constantFrom("npm", "oci", "stdio", "1.0.0", "-v", "{a}", "{{a.b|or:}}", "https://{a}.b.example/", true, null, 7, "https://a.example"), fc.string());
    const { node } = fc.letrec((tie) => ({ node: fc.oneof({ maxDepth: 6 }, leaf, fc.dictionary(key, tie("node"), { maxKeys: 6 }), fc.array(tie("node"), { maxLength: 3 })) }));
    fc.assert(
      fc.property(fc.dictionary(key, node), (document) => {
        try {
          const { servers, alternatives } = readServerJson(JSON.stringify(document));
          for (const entry of [...servers, ...alternatives])
            try {
              planServer(entry, { a: "x" });
            } catch (error) {
              expect(AppError.is(error)).toBe(true);
            }
        } catch (error) {
          expect(AppError.is(error) && error.code).toBe("CATALOG_INVALID");
        }
      }),
      { numRuns: 500 },
    );
  });
});
