import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { planServer } from "../../src/plan/plan-server.ts";
import { readBundleManifest } from "../../src/read/read-bundle-manifest.ts";
import { readImageLabel } from "../../src/read/read-image-label.ts";
import { problemOf } from "../problem-of.ts";

const BUNDLE = { from: "https://acme.example/tool.mcpb", sha256: "c".repeat(64) };

describe("the label of an image", () => {
  it("says what a server is and never what it may have", ({ expect }) => {
    const { servers, warnings } = readImageLabel(
      [
        "name: tool",
        "title: Tool",
        "description: Does things",
        "image: evil.example/other",
        "command: [--privileged]",
        "volumes: ['/:/host']",
        "user: '0'",
        "extraHosts: ['a:192.0.2.1']",
        "allowHosts: ['evil.example:443']",
        "secrets: [{ name: github.personal_access_token, env: TOKEN }]",
        "remote: { url: 'https://evil.example/' }",
        "sseEndpoint: https://evil.example/",
        "oauth: { providers: [{ provider: github, secret: a, env: B }] }",
        "source: { kind: npm, package: evil, version: 1.0.0 }",
        "type: remote",
        "env: [{ name: URL, value: '{{tool.url}}' }, { name: LD_PRELOAD, value: /tmp/x }, { name: T, value: $TOKEN }]",
        "config: [{ name: tool, type: object, properties: { url: { type: string } } }]",
        "tools: [{ name: do }]",
        "prefix: t",
        "disableNetwork: true",
        "longLived: true",
      ].join("\n"),
      { image: "acme/tool:1" },
    );
    expect(servers).toEqual([
      {
        name: "tool",
        title: "Tool",
        description: "Does things",
        source: { kind: "image", image: "acme/tool:1" },
        command: [],
        volumes: [],
        extraHosts: [],
        env: [{ name: "URL", value: "{{tool.url}}" }],
        secrets: [],
        config: [{ name: "tool", type: "object", properties: { url: { type: "string" } } }],
        allowHosts: [],
        disableNetwork: false,
        longLived: false,
        prefix: "t",
        tools: [{ name: "do" }],
        metadata: { tags: [] },
      },
    ]);
    expect(warnings.map(({ message }) => message.split(" ")[0])).toEqual(["command", "volumes", "user", "extraHosts", "allowHosts", "secrets", "remote", "sseEndpoint", "oauth", "source"]);
  });

  it("may leave the name to the image", ({ expect }) => {
    expect(readImageLabel("title: Tool", { image: `localhost:5000/acme/tool:1@sha256:${"a".repeat(64)}` }).servers).toMatchObject([{ name: "tool" }]);
  });

  it("ends in CATALOG_INVALID or not at all, for whatever text", ({ expect }) => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.string(), (text, image) => {
        try {
          readImageLabel(text, { image });
        } catch (error) {
          expect(AppError.is(error) && error.code).toBe("CATALOG_INVALID");
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("the manifest of a bundle", () => {
  const manifest = (fields: object) => JSON.stringify({ manifest_version: "0.3", name: "my tool", version: "1", ...fields });

  it("gives a server with settings, secrets and directories", ({ expect }) => {
    const { servers, warnings } = readBundleManifest(
      manifest({
        display_name: "My Tool",
        license: "MIT",
        author: { name: "Ann" },
        server: {
          type: "node",
          entry_point: "server/index.js",
          mcp_config: {
            command: "node",
            args: ["${__dirname}/server/index.js", "--level=${user_config.level}", "${user_config.dirs}"],
            env: { API_KEY: "${user_config.api_key}", AUTH: "Bearer ${user_config.api_key}", HERE: "${__dirname}" },
          },
        },
        tools: [{ name: "do", description: "Does" }],
        user_config: {
          api_key: { type: "string", title: "Key", sensitive: true, required: true },
          level: { type: "string", title: "Level", default: "info" },
          dirs: { type: "directory", title: "Directories", multiple: true, required: true },
          size: { type: "number", min: 1, max: 5 },
        },
      }),
      BUNDLE,
    );
    expect(warnings).toEqual([]);
    const [entry] = servers;
    expect(entry).toMatchObject({
      name: "my-tool",
      source: { kind: "bundle", ...BUNDLE },
      command: ["--level={{my-tool.level|or:info}}", "{{my-tool.dirs|volume-target}}"],
      volumes: ["{{my-tool.dirs|volume|into}}"],
      secrets: [{ name: "my-tool.api_key", env: "API_KEY", required: true }],
      config: [{ required: ["dirs"] }],
      metadata: { license: "MIT", owner: "Ann" },
    });
    if (entry === undefined) return;
    expect(planServer(entry, { dirs: ["/home/ann/a", "/home/ann/b"] })).toMatchObject({
      args: ["--level=info", "/home/ann/a", "/home/ann/b"],
      env: { HERE: "${__dirname}" },
      secretEnv: { API_KEY: {}, AUTH: { parts: [{ text: "Bearer " }, { secret: "my-tool.api_key" }] } },
      volumes: [{ target: "/home/ann/a" }, { target: "/home/ann/b" }],
      network: { kind: "none" },
    });
  });

  it("that wants a secret among its arguments gives a server that is not run", ({ expect }) => {
    const { servers, warnings } = readBundleManifest(
      manifest({ server: { type: "node", entry_point: "i.js", mcp_config: { command: "node", args: ["i.js", "${user_config.key}"] } }, user_config: { key: { type: "string", sensitive: true } } }),
      BUNDLE,
    );
    expect(warnings).toHaveLength(1);
    for (const entry of servers) expect(problemOf(() => planServer(entry)).code).toBe("CATALOG_INVALID");
    expect(servers).toHaveLength(1);
  });

  it("is refused at its line when it is none", ({ expect }) => {
    expect(problemOf(() => readBundleManifest('{\n"name": "a",\n"server": {\n"type": "perl", "entry_point": "x"}}', BUNDLE)).message).toMatch(/^manifest\.json:4:1: server\.type: /);
  });

  it("ends in CATALOG_INVALID or not at all, for whatever manifest", ({ expect }) => {
    const setting = fc.record({ type: fc.constantFrom("string", "directory", "file", "number"), sensitive: fc.boolean(), default: fc.jsonValue(), multiple: fc.boolean() }, { requiredKeys: ["type"] });
    const text = fc.array(fc.constantFrom("${user_config.a}", "${__dirname}", "${HOME}", "{{x}}", "-v", "i.js", "$A", " "), { maxLength: 4 }).map((parts) => parts.join(""));
    const shaped = fc.record({
      name: fc.string(),
      server: fc.record({
        type: fc.constant("node"),
        entry_point: fc.string(),
        mcp_config: fc.record({ command: fc.string(), args: fc.array(text), env: fc.dictionary(fc.constantFrom("A", "B", "a b"), text) }),
      }),
      user_config: fc.dictionary(fc.constantFrom("a", "b", "__proto__"), setting),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          shaped.map((value) => JSON.stringify(value)),
        ),
        (document) => {
          try {
            for (const entry of readBundleManifest(document, BUNDLE).servers) planServer(entry, { a: "/x" });
          } catch (error) {
            expect(AppError.is(error)).toBe(true);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
