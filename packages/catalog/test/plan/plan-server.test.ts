import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { planServer } from "../../src/plan/plan-server.ts";
import { anEntry } from "../an-entry.ts";
import { problemOf } from "../problem-of.ts";

const FILES = anEntry({ command: ["{{box.paths|volume-target|into}}"], volumes: ["{{box.paths|volume|into}}"] });

describe("templates", () => {
  it("turn a list of paths into volumes and arguments", ({ expect }) => {
    const plan = planServer(FILES, { paths: ["/home/ann/a", "/home/ann/b c"] });
    expect(plan.args).toEqual(["/home/ann/a", "/home/ann/b c"]);
    expect(plan.volumes).toEqual([
      { source: { kind: "path", path: "/home/ann/a" }, target: "/home/ann/a", readonly: false },
      { source: { kind: "path", path: "/home/ann/b c" }, target: "/home/ann/b c", readonly: false },
    ]);
  });

  it("leave nothing behind where nothing was set", ({ expect }) => {
    const entry = anEntry({
      command: ["serve", "--url={{box.url}}", "{{box.extra}}"],
      volumes: ["{{box.paths|volume|into}}", "{{box.file}}:/data/file"],
      env: [{ name: "URL", value: "{{box.url}}" }],
    });
    expect(planServer(entry)).toMatchObject({ args: ["serve"], volumes: [], env: {} });
  });

  it("know first, last, or, mount_as and volume of Windows", ({ expect }) => {
    const entry = anEntry({
      command: ["{{box.list|first}}", "{{box.list|last}}", "{{box.none|or:left}}", "{{box.none|or:[x, y]|last}}", "--all={{box.list}}", "{{box.deep.key}}"],
      volumes: ["{{box.dir|mount_as:/data:ro}}", "{{box.win|volume}}"],
    });
    const plan = planServer(entry, { list: ["1", "2", "3"], deep: { key: 7 }, dir: "/srv/d", win: "C:\\Users\\ann" });
    expect(plan.args).toEqual(["1", "3", "left", "y", "--all=1,2,3", "7"]);
    expect(plan.volumes).toEqual([
      { source: { kind: "path", path: "/srv/d" }, target: "/data", readonly: true },
      { source: { kind: "path", path: "C:\\Users\\ann" }, target: "/c/Users/ann", readonly: false },
    ]);
  });

  it("see the server's own configuration only, and none of what objects have by themselves", ({ expect }) => {
    const entry = anEntry({ command: ["{{other.key}}", "{{box.constructor.name}}", "{{box.__proto__.key}}", "{{box.toString}}", "{{key}}"] });
    expect(planServer(entry, { key: "x" }).args).toEqual([]);
  });

  it("are evaluated once: what a configuration says is never a template", ({ expect }) => {
    const entry = anEntry({ command: ["{{box.a}}"], env: [{ name: "A", value: "{{box.a}}" }], secrets: [{ name: "box.token", env: "TOKEN" }] });
    const plan = planServer(entry, { a: "{{box.b}}$TOKEN${TOKEN}", b: "no" });
    expect(plan.args).toEqual(["{{box.b}}$TOKEN${TOKEN}"]);
    expect(plan.env).toEqual({ A: "{{box.b}}$TOKEN${TOKEN}" });
    expect(Object.keys(plan.secretEnv)).toEqual(["TOKEN"]);
  });

  it("cannot be put together from what the entry and the configuration say", ({ expect }) => {
    const entry = anEntry({ env: [{ name: "A", value: "${{box.a}}TOKEN" }], secrets: [{ name: "box.token", env: "TOKEN" }] });
    expect(planServer(entry, { a: "{" }).env).toEqual({ A: "${TOKEN" });
  });

  for (const broken of ["{{box.a", "{{box.a|shell}}", "{{box.a|volume|readonly}}"])
    it(`are refused when they are none: ${broken}`, ({ expect }) => {
      expect(problemOf(() => planServer(anEntry({ command: [broken] }), { a: "x" })).code).toBe("CATALOG_INVALID");
    });
});

describe("a value of the configuration", () => {
  for (const [value, why] of [
    ["-v", "an option"],
    ["--privileged", "a long option"],
    ["/a\n/b", "a line break"],
    ["/a\0", "a NUL"],
    ["/a:/etc", "a second path"],
    ["/a:/etc:rw", "a second path and a mode"],
    ["/home/ann/../../etc", "a way upwards"],
    ["relative/path", "a relative path"],
    ["named", "the name of a volume"],
    ["/", "the root, which has no place below the container's"],
  ] as const)
    it(`is refused as a volume when it is ${why}`, ({ expect }) => {
      const problem = problemOf(() => planServer(FILES, { paths: ["/fine", value] }));
      expect(["CONFIG_INVALID", "CATALOG_INVALID"]).toContain(problem.code);
    });

  it("is refused as an argument that would be an option", ({ expect }) => {
    const entry = anEntry({ command: ["{{box.a}}"] });
    expect(problemOf(() => planServer(entry, { a: "-v" })).code).toBe("CONFIG_INVALID");
    expect(problemOf(() => planServer(anEntry({ command: ["{{box.none}}{{box.a}}"] }), { a: "--x" })).code).toBe("CONFIG_INVALID");
    expect(planServer(anEntry({ command: ["--name={{box.a}}"] }), { a: "-v" }).args).toEqual(["--name=-v"]);
  });

  it("with a line break is refused wherever it stands", ({ expect }) => {
    for (const entry of [anEntry({ command: ["--a={{box.a}}"] }), anEntry({ env: [{ name: "A", value: "{{box.a}}" }] }), anEntry({ user: "{{box.a}}" })])
      for (const a of ["x\ny", "x\ry", "x\0", "x\u2028"]) expect(problemOf(() => planServer(entry, { a })).code).toBe("CONFIG_INVALID");
  });

  it("does not grow beyond measure", ({ expect }) => {
    expect(problemOf(() => planServer(anEntry({ command: [`x${"{{box.a}}".repeat(40)}`] }), { a: "a".repeat(60_000) })).code).toBe("CONFIG_INVALID");
  });

  it("never becomes more than one argument, whatever it is", ({ expect }) => {
    const entry = anEntry({ command: ["run", "{{box.a}}", "end"] });
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (a) => {
        try {
          const { args } = planServer(entry, { a });
          expect(args).toEqual(a === "" ? ["run", "end"] : ["run", a, "end"]);
          expect(a).not.toMatch(/^-|[\n\0]/);
        } catch (error) {
          expect(AppError.is(error)).toBe(true);
        }
      }),
    );
  });
});

describe("an entry", () => {
  it("mounts no path of the machine that the configuration does not name", ({ expect }) => {
    for (const volume of ["/var/run/docker.sock:/var/run/docker.sock", "/:/host", "{{box.none|or:/etc|volume}}", "{{box.none|or:/etc}}:/etc", "/home{{box.a}}:/data", "./here:/data", "~/x:/data"])
      expect(problemOf(() => planServer(anEntry({ volumes: [volume] }), { a: "/ann" })).code, volume).toBe("CATALOG_INVALID");
  });

  it("keeps volumes of its own", ({ expect }) => {
    expect(planServer(anEntry({ volumes: ["box-data:/data", "box-cache:/cache:ro"] })).volumes).toEqual([
      { source: { kind: "volume", name: "box-data" }, target: "/data", readonly: false },
      { source: { kind: "volume", name: "box-cache" }, target: "/cache", readonly: true },
    ]);
  });

  for (const volume of ["data", "data:relative", "data:/", "data:/.", "data:/a/../..", "data:/x:rw:z", "data:/x:z", ":/x", "-v:/x", "data:/x,bind-propagation=shared:shared"])
    it(`with the volume ${volume} is refused`, ({ expect }) => {
      expect(problemOf(() => planServer(anEntry({ volumes: [volume] }))).code).toBe("CATALOG_INVALID");
    });

  it("that wants two things at one place is refused", ({ expect }) => {
    expect(problemOf(() => planServer(anEntry({ volumes: ["a:/data", "b:/data"] }))).code).toBe("CATALOG_INVALID");
  });

  it("that wants a secret among its arguments is refused with the reason", ({ expect }) => {
    for (const argument of ["$TOKEN", "--token=${TOKEN}", "x$TOKEN"]) {
      const problem = problemOf(() => planServer(anEntry({ command: [argument], secrets: [{ name: "box.token", env: "TOKEN" }] })));
      expect(problem.code).toBe("CATALOG_INVALID");
      expect(problem.message).toContain("every program on the machine can read it");
    }
  });

  it("may have a dollar among its arguments that means nothing", ({ expect }) => {
    expect(planServer(anEntry({ command: ["^a$", "$OTHER"], secrets: [{ name: "box.token", env: "TOKEN" }] })).args).toEqual(["^a$", "$OTHER"]);
  });

  it("gets its own secrets, as values that are not filled in", ({ expect }) => {
    const entry = anEntry({
      env: [{ name: "HEADERS", value: '{"Authorization":"Bearer $TOKEN","Url":"{{box.url}}"}' }],
      secrets: [
        { name: "box.token", env: "TOKEN" },
        { name: "box.extra", env: "EXTRA", required: false },
      ],
    });
    const plan = planServer(entry, { url: "https://x.example" });
    expect(plan.env).toEqual({});
    expect(plan.secretEnv).toEqual({
      TOKEN: { parts: [{ kind: "secret", secret: "box.token", env: "TOKEN" }], required: true },
      EXTRA: { parts: [{ kind: "secret", secret: "box.extra", env: "EXTRA" }], required: false },
      HEADERS: {
        parts: [
          { kind: "text", text: '{"Authorization":"Bearer ' },
          { kind: "secret", secret: "box.token", env: "TOKEN" },
          { kind: "text", text: '","Url":"' },
          { kind: "text", text: "https://x.example" },
          { kind: "text", text: '"}' },
        ],
        required: true,
      },
    });
  });

  it("that names a variable which is none of its secrets is refused, not filled from elsewhere", ({ expect }) => {
    for (const value of ["$HOME", "${AWS_SECRET_ACCESS_KEY}", "a $PATH"]) expect(problemOf(() => planServer(anEntry({ env: [{ name: "A", value }] }))).code).toBe("CATALOG_INVALID");
  });

  it("that calls a plain variable like its secret is refused", ({ expect }) => {
    expect(problemOf(() => planServer(anEntry({ env: [{ name: "TOKEN", value: "x" }], secrets: [{ name: "box.token", env: "TOKEN" }] }))).code).toBe("CATALOG_INVALID");
  });

  it("runs as the user that it or its configuration names", ({ expect }) => {
    expect(planServer(anEntry({ user: "{{box.uid}}:{{box.gid}}" }), { uid: 1000, gid: 100 }).user).toBe("1000:100");
    expect(planServer(anEntry({ user: "{{box.uid}}" })).user).toBeUndefined();
    for (const user of ["-u", "a b", "x:y:z"]) expect(problemOf(() => planServer(anEntry({ user }))).code).toBe("CATALOG_INVALID");
  });

  it("has further names only for addresses", ({ expect }) => {
    expect(planServer(anEntry({ extraHosts: ["host.docker.internal:host-gateway", "db.local:192.0.2.7"] })).extraHosts).toEqual([
      { name: "host.docker.internal", address: "host-gateway" },
      { name: "db.local", address: "192.0.2.7" },
    ]);
    for (const host of ["a:b", "--add-host:192.0.2.1", "a", "a:192.0.2.1 -v"]) expect(problemOf(() => planServer(anEntry({ extraHosts: [host] }))).code).toBe("CATALOG_INVALID");
  });
});

describe("the network of a server", () => {
  const network = (allowHosts: string[], config = {}, more = {}) => planServer(anEntry({ allowHosts, ...more }), config).network;

  it("is none unless destinations are declared", ({ expect }) => {
    expect(network([])).toEqual({ kind: "none" });
    expect(network(["example.org:443"], {}, { disableNetwork: true })).toEqual({ kind: "none" });
    expect(network(["{{box.host}}:443"])).toEqual({ kind: "none" });
  });

  it("has the destinations that are declared, and says which the configuration chose", ({ expect }) => {
    expect(network(["api.example.org:443", "*.example.org:80", "db.example.org:5432/tcp", "*:443/https", "{{box.host|or:git.example.org}}:8443/https"], { host: "git.corp.example" })).toEqual({
      kind: "allow",
      destinations: [
        { to: "api.example.org:443", protocol: "https", fromConfig: false },
        { to: "*.example.org:80", protocol: "http", fromConfig: false },
        { to: "db.example.org:5432", protocol: "tcp", fromConfig: false },
        { to: "**:443", protocol: "https", fromConfig: false },
        { to: "git.corp.example:8443", protocol: "https", fromConfig: true },
      ],
    });
    expect(network(["{{box.host|or:git.example.org}}:443"])).toMatchObject({ destinations: [{ to: "git.example.org:443", fromConfig: false }] });
  });

  for (const host of [
    "example.org",
    "example.org:0",
    "example.org:65536",
    "example.org:443/udp",
    "https://example.org:443",
    "example.org:443:80",
    "a b:443",
    "localhost:80",
    "x.sbx.internal:80",
    "[::1]:80",
    ":443",
  ])
    it(`refuses the destination ${host}`, ({ expect }) => {
      expect(problemOf(() => network([host])).code).toBe("CATALOG_INVALID");
    });

  for (const host of ["*", "**", "*.example.org", "a:1", "a/b", "x y", "-a", "a\n"])
    it(`lets no configuration say ${JSON.stringify(host)}`, ({ expect }) => {
      expect(problemOf(() => network(["{{box.host}}:443"], { host })).code).toBe("CONFIG_INVALID");
    });
});

describe("a remote", () => {
  const remote = (url: string, headers = {}) => anEntry({ source: { kind: "remote", url, transport: "streamable-http", headers }, secrets: [{ name: "box.key", env: "KEY", required: false }] });

  it("has its address and headers apart from its secrets", ({ expect }) => {
    const plan = planServer(remote("https://mcp.example.org/{{box.team}}", { Authorization: "Bearer ${KEY}", "X-Team": "{{box.team}}" }), { team: "blue" });
    expect(plan.source).toEqual({ kind: "remote", url: "https://mcp.example.org/blue", transport: "streamable-http", headers: {} });
    expect(plan.headers).toEqual({
      Authorization: {
        parts: [
          { kind: "text", text: "Bearer " },
          { kind: "secret", secret: "box.key", env: "KEY" },
        ],
        required: false,
      },
      "X-Team": { parts: [{ kind: "text", text: "blue" }], required: false },
    });
  });

  it("sets no header of the connection or the protocol", ({ expect }) => {
    for (const name of ["Host", "content-length", "Transfer-Encoding", "Connection", "Proxy-Authorization", "Mcp-Session-Id", "Expect"])
      expect(problemOf(() => planServer(remote("https://mcp.example.org/", { [name]: "x" }))).code, name).toBe("CATALOG_INVALID");
    for (const team of ["a\r\nHost: b", "\u00e9", "\u{1f600}"])
      expect(problemOf(() => planServer(remote("https://mcp.example.org/", { "X-Team": "{{box.team}}" }), { team })).code).toBe("CONFIG_INVALID");
  });

  for (const team of ["../admin", "a/b", "a?b", "a#b", "x@evil.example", "a:80", ".."])
    it(`keeps its address whatever its configuration says: ${team}`, ({ expect }) => {
      expect(problemOf(() => planServer(remote("https://mcp.example.org/{{box.team}}/mcp"), { team })).code).toBe("CONFIG_INVALID");
    });

  it("lets its configuration choose below its domain, never the domain", ({ expect }) => {
    expect(planServer(remote("https://{{box.region}}.mcp.example.org/"), { region: "eu" }).source).toMatchObject({ url: "https://eu.mcp.example.org/" });
    for (const url of ["https://{{box.region}}/mcp", "https://{{box.region}}.org/mcp", "https://mcp.{{box.region}}/mcp", "https://mcp.example.org{{box.region}}/"])
      expect(problemOf(() => planServer(remote(url), { region: "evil.example" })).code, url).toBe("CATALOG_INVALID");
  });

  for (const url of ["http://mcp.example.org/", "https://user:word@mcp.example.org/"])
    it(`is refused at ${url}`, ({ expect }) => {
      expect(problemOf(() => planServer(remote(url))).code).toBe("CATALOG_INVALID");
    });
});

it("plans with limits", ({ expect }) => {
  expect(planServer(anEntry()).limits).toEqual({ cpus: 1, memoryBytes: 2_147_483_648, pids: 512 });
});
