import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { readCatalog } from "../../src/read/read-catalog.ts";
import { problemOf } from "../problem-of.ts";

const DOCKER = `
name: our-catalog
displayName: Ours
registry:
  github-official:
    title: GitHub Official
    description: GitHub's own MCP server.
    type: server
    image: ghcr.io/github/github-mcp-server@sha256:${"a".repeat(64)}
    secrets:
      - { name: github.personal_access_token, env: GITHUB_PERSONAL_ACCESS_TOKEN }
    oauth:
      providers:
        - { provider: github, secret: github.personal_access_token, env: GITHUB_PERSONAL_ACCESS_TOKEN }
    allowHosts: [ "api.github.com:443" ]
    tools:
      - { name: list_issues, description: Lists, arguments: [{ name: a, type: string }] }
      - 7
    metadata: { category: devops, tags: [github, devops], pulls: 12, registryUrl: "https://example.org/" }
  context7:
    type: remote
    remote: { url: "https://mcp.context7.com/mcp", transport_type: streaming, headers: { CONTEXT7_API_KEY: "\${CONTEXT7_API_KEY}" } }
    secrets: [{ name: context7.api_key, env: CONTEXT7_API_KEY, required: false }]
  sentry-remote: { type: remote, remote: { url: "https://mcp.sentry.dev/sse", transport_type: sse } }
  filesystem:
    image: mcp/filesystem
    command: [ "{{filesystem.paths|volume-target|into}}", 8080 ]
    volumes: [ "{{filesystem.paths|volume|into}}" ]
    config: [{ name: filesystem, description: d, type: object, properties: { paths: { type: array, items: { type: string } } }, required: [paths] }]
    disableNetwork: true
    longLived: true
    env:
    secrets: null
`;

describe("a catalog in Docker's form", () => {
  it("gives its servers, and says what it leaves out", ({ expect }) => {
    const { form, title, servers, warnings } = readCatalog(DOCKER, { file: "c.yaml" });
    expect({ form, title, names: servers.map(({ name }) => name) }).toEqual({ form: "docker", title: "Ours", names: ["github-official", "context7", "sentry-remote", "filesystem"] });
    expect(servers[0]).toMatchObject({
      source: { kind: "image", image: `ghcr.io/github/github-mcp-server@sha256:${"a".repeat(64)}` },
      secrets: [{ name: "github.personal_access_token", env: "GITHUB_PERSONAL_ACCESS_TOKEN", required: true }],
      oauth: { providers: [{ provider: "github" }], scopes: [] },
      tools: [{ name: "list_issues", description: "Lists" }],
      metadata: { category: "devops", tags: ["github", "devops"], homepage: "https://example.org/" },
    });
    expect(servers[1]).toMatchObject({ source: { kind: "remote", transport: "streamable-http", headers: { CONTEXT7_API_KEY: "${CONTEXT7_API_KEY}" } }, secrets: [{ required: false }] });
    expect(servers[2]).toMatchObject({ source: { kind: "remote", transport: "sse" } });
    expect(servers[3]).toMatchObject({ command: ["{{filesystem.paths|volume-target|into}}", "8080"], disableNetwork: true, longLived: true, env: [], secrets: [] });
    expect(warnings).toEqual([{ file: "c.yaml", line: 18, column: 9, message: 'tool 2 of "github-official" is left out: expected keys and values', server: "github-official" }]);
  });

  it("loses a broken server and no other", ({ expect }) => {
    const { servers, warnings } = readCatalog(
      [
        "registry:",
        "  good: { image: example/good }",
        "  Bad Name: { image: example/x }",
        "  __proto__: { image: example/x }",
        "  number: 7",
        "  list: [1]",
        "  nothing:",
        "  tools: { type: poci, image: example/x }",
        "  option: { image: '-v /:/host' }",
        '  newline: { image: "a\\nb" }',
        "  plain: { type: remote, remote: { url: 'http://example.org/' } }",
        "  user: { type: remote, remote: { url: 'https://a:b@example.org/' } }",
        "  file: { type: remote, remote: { url: 'file:///etc/passwd' } }",
        "  header: { type: remote, remote: { url: 'https://example.org/', headers: { \"a\\r\\nb\": c } } }",
        "  value: { type: remote, remote: { url: 'https://example.org/', headers: { a: \"b\\r\\nc: d\" } } }",
        "  variable: { image: example/x, env: [{ name: 'A=B', value: c }] }",
        "  last: { image: example/last }",
      ].join("\n"),
      { file: "c.yaml" },
    );
    expect(servers.map(({ name }) => name)).toEqual(["good", "last"]);
    expect(warnings.map(({ line }) => line)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    expect(warnings.every(({ message }) => message.includes("left out"))).toBe(true);
  });

  it("keeps a server that wants a secret among its arguments findable, and warns", ({ expect }) => {
    const { servers, warnings } = readCatalog(
      "registry: { sentry: { image: mcp/sentry, command: [--auth-token, $SENTRY_AUTH_TOKEN], secrets: [{ name: sentry.auth_token, env: SENTRY_AUTH_TOKEN }] } }",
    );
    expect(servers).toHaveLength(1);
    expect(warnings[0]?.message).toContain("SENTRY_AUTH_TOKEN");
  });

  it("shows nothing that cannot be seen", ({ expect }) => {
    const { servers } = readCatalog(
      JSON.stringify({ registry: { a: { image: "x", title: "A\u001b[31m\u202etitle", description: "one\r\ntwo\u0007\u200b\u{e0041}", tools: [{ name: "t", description: "\u001b]0;x\u0007y" }] } } }),
    );
    expect(servers[0]).toMatchObject({ title: "A[31mtitle", description: "one\ntwo", tools: [{ description: "]0;xy" }] });
  });
});

describe("a catalog document", () => {
  it("runs what it names, whatever the snapshot says", ({ expect }) => {
    const { form, servers, warnings } = readCatalog(
      JSON.stringify({
        title: "Team",
        servers: [
          { type: "image", image: "example/a@sha256:" + "b".repeat(64), snapshot: { server: { name: "a", image: "example/other", title: "A" } } },
          {
            type: "remote",
            endpoint: "https://a.example/mcp",
            snapshot: { server: { name: "b", type: "remote", remote: { url: "https://evil.example/", transport_type: "sse", headers: { X: "y" } } } },
          },
          { type: "registry", source: "https://registry.example/c", snapshot: { server: { name: "c", image: "example/c" } } },
          { type: "image", image: "example/d" },
          { type: "other" },
          { type: "image", image: "example/e", snapshot: { server: { image: "example/e" } } },
        ],
      }),
    );
    expect(form).toBe("document");
    expect(servers.map(({ name, source }) => ({ name, source }))).toEqual([
      { name: "a", source: { kind: "image", image: "example/a@sha256:" + "b".repeat(64) } },
      { name: "b", source: { kind: "remote", url: "https://a.example/mcp", transport: "sse", headers: { X: "y" } } },
      { name: "c", source: { kind: "image", image: "example/c" } },
    ]);
    expect(warnings).toHaveLength(3);
  });
});

describe("our own form", () => {
  it("is strict, and loses a broken server only", ({ expect }) => {
    const read = readCatalog(
      [
        "version: 1",
        "title: Mine",
        "servers:",
        "  - name: a",
        "    source: { kind: npm, package: '@x/a', version: 1.2.3 }",
        "  - name: b",
        "    source: { kind: npm, package: b, version: latest }",
        "  - name: c",
        "    source: { kind: image, image: c }",
        "    colour: red",
        "  - 7",
      ].join("\n"),
      { file: "mine.yaml" },
    );
    expect(read).toMatchObject({ form: "sbx", title: "Mine", servers: [{ name: "a", source: { kind: "npm", package: "@x/a", version: "1.2.3" } }] });
    expect(read.warnings.map(({ line, message }) => `${line} ${message}`)).toEqual([
      '7 "b" is left out: source.version: not an exact version, such as 1.2.3',
      '10 "c" is left out: unknown key "colour"',
      '11 "server 4" is left out: it has no name',
    ]);
  });

  it("has one version and no other keys", ({ expect }) => {
    expect(problemOf(() => readCatalog("version: 2\nservers: []")).message).toBe("catalog.yaml:1:1: this sbx reads catalogs of version 1");
    expect(problemOf(() => readCatalog("version: 1\nservers: []\ncolour: red")).details).toEqual({ file: "catalog.yaml", line: 3, column: 1 });
  });

  it("counts the later of two servers with one name", ({ expect }) => {
    const { servers, warnings } = readCatalog("version: 1\nservers: [{ name: a, source: { kind: image, image: one } }, { name: a, source: { kind: image, image: two } }]");
    expect(servers).toMatchObject([{ source: { image: "two" } }]);
    expect(warnings).toHaveLength(1);
  });
});

it("reads one server of Docker's as a file", ({ expect }) => {
  expect(readCatalog("name: a\nimage: example/a")).toMatchObject({ form: "entry", servers: [{ name: "a" }] });
});

describe("a document that is broken as a whole", () => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ...Array.from(
      { length: 30 },
      (_, index) =>
        `b${index}: &b${index} [${Array(9)
          .fill(index === 0 ? "*a" : `*b${index - 1}`)
          .join(",")}]`,
    ),
  ].join("\n");
  for (const [what, text] of [
    ["empty", ""],
    ["a text", "hello"],
    ["a list", "[1, 2]"],
    ["no catalog", "a: 1"],
    ["a registry that is a list", "registry: [1]"],
    ["servers that are no list", "version: 1\nservers: {}"],
    ["a bomb of aliases", `registry:\n  x: {}\n${bomb}`],
    ["an anchor", "registry: &a {}"],
    ["a merge", "registry: { a: { <<: *x } }"],
    ["a tag", "registry: !!js/function 'x'"],
    ["a key that stands twice", "registry: { a: { image: x }, a: { image: y } }"],
    ["a key that stands twice in JSON", '{"registry": {}, "registry": {}}'],
    ["two documents", "registry: {}\n---\nregistry: {}"],
    ["nested in brackets", `registry: ${"[".repeat(100_000)}`],
    ["nested in lists", `registry:\n${"- ".repeat(100_000)}`],
    ["nested in maps", Array.from({ length: 600 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
    ["too long", `registry: {}\n# ${"x".repeat(9_000_000)}`],
    ["too many parts", `servers: [${"1,".repeat(1_600_000)}]`],
    ["too many servers", `registry: {${Array.from({ length: 20_001 }, (_, index) => `a${index}: 1`).join(", ")}}`],
    ["not YAML", "registry: {\n  a: ["],
    ["a NUL", "registry:\0"],
  ] as const)
    it(`is refused: ${what}`, { timeout: 30_000 }, ({ expect }) => {
      const problem = problemOf(() => readCatalog(text, { file: "c.yaml" }));
      expect(problem.code).toBe("CATALOG_INVALID");
      expect(problem.message).toMatch(/^c\.yaml:\d+:\d+: /);
      expect(problem.message).not.toMatch(/[\0\n]/);
    });

  it("says where", ({ expect }) => {
    expect(problemOf(() => readCatalog("registry:\n  a: { image: x }\n  a: { image: y }", { file: "c.yaml" })).message).toBe('c.yaml:3:3: the key "a" stands twice');
  });
});

it("changes no prototype, whatever the keys are", ({ expect }) => {
  readCatalog('{"registry": {"__proto__": {"image": "x", "polluted": 1}, "constructor": {"image": "x", "metadata": {"__proto__": {"polluted": 1}}}}, "__proto__": {"polluted": 1}}');
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

it("ends in servers or CATALOG_INVALID for whatever text", ({ expect }) => {
  const word = fc.constantFrom(
    "registry:",
    "servers:",
    "version: 1",
    "name: a",
    "  a:",
    "- ",
    "    image: x",
    "remotes:",
    "packages:",
    "snapshot:",
    "{",
    "}",
    "[",
    "]",
    "\n",
    ": ",
    "&a",
    "*a",
    "!!x",
    "'",
    '"',
    "\t",
    "__proto__:",
    "null",
    "1",
    "|",
    ">",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.array(word, { maxLength: 30 }).map((words) => words.join("")),
        fc.json(),
      ),
      (text) => {
        try {
          expect(Array.isArray(readCatalog(text).servers)).toBe(true);
        } catch (error) {
          expect(AppError.is(error) && error.code).toBe("CATALOG_INVALID");
        }
      },
    ),
    { numRuns: 500 },
  );
});
