import { AppError } from "@sbx/contracts";
import { compilePolicy, decideRequest } from "@sbx/egress-policy";
import { describe, it } from "vitest";
import { parseKit } from "../../src/kit/parse-kit.ts";
import type { AgentProfile } from "../../src/kit/profile.ts";
import { resolveProfile } from "../../src/kit/resolve-profile.ts";
import { A_DOCKERFILE, aKit, NASTY } from "./a-kit.ts";

function profileOf(text: string, dockerfile = A_DOCKERFILE): AgentProfile {
  return resolveProfile(parseKit(text), { name: "thing", directory: "/kits/thing", dockerfile });
}

function problemOf(text: string, dockerfile?: string): AppError {
  try {
    profileOf(text, dockerfile);
  } catch (error) {
    if (AppError.is(error)) return error;
    throw error;
  }
  throw new Error("the Kit was carried out");
}

/** What every Kit's programs find. */
const EXPECTED = { WORKSPACE_DIR: NASTY.workspace, MCP_GATEWAY_URL: "http://host.docker.internal:8811/mcp", MCP_SENTINEL_TOKEN_NAME: "proxy-managed" };

const UNSUPPORTED: readonly (readonly [what: string, capability: string])[] = [
  ["a type nobody knows", "type: org.example/thing@2"],
  ["a type of the specification that we lack", "type: com.docker.sandbox/privileged@1"],
  ["a newer version of a type", "type: com.docker.sandbox/network-policy@3, config: {}"],
  [
    "single requests by a path that servers read in two ways",
    "type: com.docker.sandbox/network-policy@2, config: { runtime: { allow: [{ hosts: [example.org], methods: [GET], paths: [/a/../b] }] } }",
  ],
  ["single requests by a query", "type: com.docker.sandbox/network-policy@2, config: { runtime: { deny: [{ hosts: [example.org], methods: [GET], paths: ['/a?b'] }] } }"],
  ["a shared directory over the system", "type: com.docker.sandbox/host-mount@1, config: { path: /etc/x }"],
  ["a shared directory over what is ours", "type: com.docker.sandbox/host-mount@1, config: { path: /.sbx/hold }"],
  ["a shared directory in place of the home", "type: com.docker.sandbox/host-mount@1, config: { path: /home/agent }"],
  ["a UDP port", "type: com.docker.sandbox/port@1, config: { container: 3000, transport: udp }"],
  ["a device", "type: com.docker.sandbox/usb-device@1, config: { class: hid }"],
  ["skills outside of the home", "type: com.docker.sandbox/agent-skills@1, config: { path: /opt/skills }"],
  ["skills in place of the home", "type: com.docker.sandbox/agent-skills@1, config: { path: /home/agent }"],
  ["a skill of its own without a place for skills", "type: com.docker.sandbox/agent-skill@1, config: { path: /opt/skill }"],
  ["a registry of Kits", "type: com.docker.sandbox/kit-registry@1"],
  ["a credential for no host", "type: com.docker.sandbox/credential@1, config: { service: github, phase: runtime, apiKey: { name: GITHUB_TOKEN } }"],
  ["a credential of OAuth alone", "type: com.docker.sandbox/credential@1, config: { service: github, phase: runtime, oauth: { tokenEndpoint: { host: github.example } } }"],
  ["an install hook as somebody else", "type: com.docker.sandbox/lifecycle@1, config: { install: [{ command: id, user: nobody }] }"],
  ["an install hook as root of another group", 'type: com.docker.sandbox/lifecycle@1, config: { install: [{ command: id, user: "root:docker" }] }'],
  ["a startup hook as somebody else", "type: com.docker.sandbox/lifecycle@1, config: { startup: [{ command: id, user: nobody }] }"],
  ["a startup hook of root beside the agent", 'type: com.docker.sandbox/lifecycle@1, config: { startup: [{ command: id, user: "0", background: true }] }'],
  ["a file outside the home", "type: com.docker.sandbox/lifecycle@1, config: { files: [{ path: /etc/profile, content: x }] }"],
  ["a file that climbs out of the home", "type: com.docker.sandbox/lifecycle@1, config: { files: [{ path: /home/agent/../../etc/profile, content: x }] }"],
  ["a volume over the system", "type: com.docker.sandbox/volume@1, config: { path: /etc/x }"],
  ["a volume that climbs to what is ours", "type: com.docker.sandbox/volume@1, config: { path: /data/../.sbx }"],
  ["a volume in memory over what is ours", "type: com.docker.sandbox/volume@1, config: { path: //run/./sbx/, tmpfs: true }"],
  ["a volume in memory in the home", "type: com.docker.sandbox/volume@1, config: { path: /home/agent/x, tmpfs: true }"],
  ["memory without a bound", 'type: com.docker.sandbox/volume@1, config: { path: /data, tmpfs: true, size: "0" }'],
  ["more memory than a number holds", "type: com.docker.sandbox/volume@1, config: { path: /data, tmpfs: true, size: 99999999999999999999t }"],
  ["a GPU", "type: com.docker.sandbox/resources@1, config: { gpu: 1 }"],
  ["context among the system's settings", "type: com.docker.sandbox/agent-context@1, config: { directory: /etc, filename: passwd, content: x }"],
  ["context where sbx is", "type: com.docker.sandbox/agent-context@1, config: { directory: /opt/../.sbx, filename: hold, content: x }"],
  ["context of a file that is not there", "type: com.docker.sandbox/agent-context@1, config: { contentFile: none.md }"],
];

describe("carrying a Kit out", () => {
  for (const [what, capability] of UNSUPPORTED) {
    it(`refuses ${what} when it is required, by name`, ({ expect }) => {
      const problem = problemOf(aKit({ capabilities: [`- { ${capability} }`] }));
      const type = /type: (\S+?@\d)/.exec(capability)?.[1] ?? "";
      expect(problem.code).toBe("KIT_UNSUPPORTED");
      expect(problem.message).toContain(`Kit "thing" requires ${type} (capabilities[0])`);
    });

    it(`leaves ${what} out when it is optional, and says so`, ({ expect }) => {
      const profile = profileOf(aKit({ capabilities: [`- { ${capability}, optional: true }`] }));
      expect(profile.skipped).toEqual([expect.stringContaining("capabilities[0]")]);
      expect([...profile.rules, ...profile.installRules]).toEqual([]);
      expect(profile.volumes).toEqual([]);
      expect(profile.contexts("/work")).toEqual([]);
      expect(profile.hooks).toEqual({ install: [], startup: [] });
      expect(profile.seedFiles(NASTY)).toEqual([]);
      expect(profile.environment(NASTY)).toEqual(EXPECTED);
    });
  }

  it("takes a group as a whole or not at all", ({ expect }) => {
    const group = (optional: boolean): string =>
      aKit({
        capabilities: [
          "- group:",
          `    optional: ${optional}`,
          "    capabilities:",
          "      - { type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: [example.org] } } }",
          "      - type: com.docker.sandbox/privileged@1",
        ],
      });
    const profile = profileOf(group(true));
    expect(profile.rules).toEqual([]);
    expect(profile.skipped).toEqual([expect.stringContaining("capabilities[0].group.capabilities[1]")]);
    expect(problemOf(group(false)).message).toContain("capabilities[0].group.capabilities[1]");
  });

  it("refuses what is no workload, needs other Kits, or has no recipe or program", ({ expect }) => {
    expect(problemOf('schemaVersion: "3"\nkind: mixin\n').message).toContain("none of them is a workload");
    expect(problemOf(aKit({ top: ["requires: [git]"] })).message).toContain('requires "git", which none of the others provides');
    expect(profileOf(aKit({ top: ["args: { v: { default: a, buildArg: V } }"] })).buildArgs).toEqual({ V: "a" });
    expect(() => resolveProfile(parseKit(aKit()), { name: "thing", directory: "/kits/thing" })).toThrow(/has no recipe/);
    expect(problemOf(aKit(), "FROM x\n").message).toContain("neither ENTRYPOINT nor CMD");
  });

  it("translates hosts into rules of its layer", ({ expect }) => {
    const { rules, allow } = profileOf(
      aKit({ capabilities: ["- { type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: ['*', 'a.example.org:443', '*.example.org'], deny: ['**:25'] } } }"] }),
    );
    expect(rules.map(({ id, effect, to, layer }) => [id, effect, to, layer])).toEqual([
      ["profile:allow:1", "allow", "**", "profile"],
      ["profile:allow:2", "allow", "a.example.org:443", "profile"],
      ["profile:allow:3", "allow", "*.example.org", "profile"],
      ["profile:deny:1", "deny", "**:25", "profile"],
    ]);
    expect(allow).toEqual(["**", "a.example.org:443", "*.example.org"]);
  });

  it("takes whole hosts of the newer network policy as those of the older one", ({ expect }) => {
    const { rules } = profileOf(
      aKit({
        capabilities: [
          "- { type: com.docker.sandbox/network-policy@2, config: { runtime: { allow: [a.example.org, { hosts: [b.example.org, 'c.example.org:443'] }], deny: [{ hosts: ['d.example.org'] }] } } }",
        ],
      }),
    );
    expect(rules.map(({ effect, to }) => [effect, to])).toEqual([
      ["allow", "a.example.org"],
      ["allow", "b.example.org"],
      ["allow", "c.example.org:443"],
      ["deny", "d.example.org"],
    ]);
  });

  it("makes a rule of each host of an entry about single requests, and none where the host is open as a whole", ({ expect }) => {
    const { rules } = profileOf(
      aKit({
        capabilities: [
          "- type: com.docker.sandbox/network-policy@2",
          "  config:",
          "    runtime:",
          "      allow:",
          "        - { hosts: [a.example, 'b.example:443', C.example], methods: [GET, HEAD], paths: ['/repos/**', /x] }",
          "        - { hosts: [a.example], methods: [ANY], paths: [/upload] }",
          "        - c.example",
          "      deny:",
          "        - { hosts: ['*'], methods: [TRACE] }",
          "        - { hosts: [c.example], methods: [ANY] }",
        ],
      }),
    );
    expect(rules).toEqual([
      { id: "profile:allow:1", effect: "allow", to: "a.example", layer: "profile", methods: ["GET", "HEAD"], paths: ["/repos/**", "/x"], note: expect.any(String) },
      { id: "profile:allow:2", effect: "allow", to: "b.example:443", layer: "profile", methods: ["GET", "HEAD"], paths: ["/repos/**", "/x"], note: expect.any(String) },
      { id: "profile:allow:3", effect: "allow", to: "a.example", layer: "profile", methods: ["ANY"], paths: ["/upload"], note: expect.any(String) },
      { id: "profile:allow:4", effect: "allow", to: "c.example", layer: "profile", note: expect.any(String) },
      { id: "profile:deny:1", effect: "deny", to: "**", layer: "profile", methods: ["TRACE"], note: expect.any(String) },
      { id: "profile:deny:2", effect: "deny", to: "c.example", layer: "profile", methods: ["ANY"], note: expect.any(String) },
    ]);
    const policy = compilePolicy(rules);
    const asked = (name: string, method: string, target: string): string => decideRequest(policy, { kind: "name", name, port: 443 }, { method, target }).effect;
    expect([asked("a.example", "GET", "/repos/x/y?q=1"), asked("a.example", "POST", "/upload")]).toEqual(["allow", "allow"]);
    expect([asked("a.example", "POST", "/repos/x"), asked("a.example", "GET", "/other"), asked("c.example", "GET", "/"), asked("a.example", "TRACE", "/upload")]).toEqual([
      "deny",
      "deny",
      "deny",
      "deny",
    ]);
  });

  it("grants each phase what is for it: requests, placeholders and hosts of install hooks are theirs alone", ({ expect }) => {
    const profile = profileOf(
      aKit({
        capabilities: [
          "- { type: com.docker.sandbox/network-policy@2, config: { install: { allow: [{ hosts: [early.example], methods: [GET] }, both.example] }, runtime: { allow: [both.example] } } }",
          "- { type: com.docker.sandbox/credential@1, config: { service: early, phase: install, apiKey: { name: EARLY, inject: [{ domain: both.example, header: x-a }] } } }",
          "- { type: com.docker.sandbox/credential@1, config: { service: both, phase: [install, runtime], apiKey: { name: BOTH, inject: [{ domain: both.example, header: x-b }] } } }",
          "- { type: com.docker.sandbox/credential@1, config: { service: late, phase: runtime, apiKey: { name: LATE, inject: [{ domain: both.example, header: x-a }] } } }",
          "- { type: com.docker.sandbox/lifecycle@1, config: { install: [{ command: a, env: [EARLY, BOTH, LATE] }], startup: [{ command: b, env: [EARLY, BOTH, LATE] }] } }",
        ],
      }),
    );
    const facts = { ...NASTY, placeholders: { early: "e", both: "b", late: "l" } };
    const of = (phase: "install" | "runtime"): object => Object.fromEntries(Object.entries(profile.environment(facts, phase)).filter(([name]) => /^(EARLY|BOTH|LATE)$/.test(name)));
    expect([of("install"), of("runtime")]).toEqual([
      { EARLY: "e", BOTH: "b" },
      { BOTH: "b", LATE: "l" },
    ]);
    expect(profile.hooks.install[0]?.variables.filter((name) => /^(?:EARLY|BOTH|LATE)$/.test(name))).toEqual(["EARLY", "BOTH"]);
    expect(profile.installRules).toMatchObject([{ to: "early.example", methods: ["GET"] }, { to: "both.example" }]);
    expect(profile.rules).toMatchObject([{ to: "both.example" }]);
    expect(Object.keys(profile.environment(facts, "install"))).not.toContain("SSL_CERT_FILE");
  });

  it("leaves the hosts of other credentials open, and shows programs a placeholder of each that has a name", ({ expect }) => {
    const profile = profileOf(
      aKit({
        capabilities: [
          "- { type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: ['api.github.com:443', api.anthropic.com, forge.example] } } }",
          "- { type: com.docker.sandbox/credential@1, config: { service: git-hub, phase: runtime, apiKey: { name: GITHUB_TOKEN, inject: [{ domain: api.github.com, header: Authorization, format: 'token %s' }] } } }",
          "- { type: com.docker.sandbox/credential@1, config: { service: forge, phase: runtime, apiKey: { inject: [{ domain: forge.example, username: me }] } } }",
          "- { type: com.docker.sandbox/credential@1, config: { service: anthropic, phase: runtime, apiKey: { name: KEY, inject: [{ domain: api.anthropic.com }] } } }",
          "- { type: com.docker.sandbox/lifecycle@1, config: { install: [{ command: a, env: [GITHUB_TOKEN, KEY, OTHER] }], startup: [{ command: b, env: [GITHUB_TOKEN] }] } }",
          "- { type: dev.sbx/agent@1, optional: true, config: { model: { service: anthropic } } }",
        ],
      }),
    );
    expect(profile.allow).toEqual(["api.github.com:443", "forge.example"]);
    expect(profile.credentials).toEqual([
      { service: "git-hub", name: "GITHUB_TOKEN", injections: [{ domain: "api.github.com", header: "authorization", format: "token %s" }], phases: ["runtime"] },
      { service: "forge", injections: [{ domain: "forge.example", header: "authorization", format: "%s", username: "me" }], phases: ["runtime"] },
    ]);
    const variables = profile.environment({ ...NASTY, placeholders: { "git-hub": "stand-in", forge: "never" } });
    expect(variables).toMatchObject({ GITHUB_TOKEN: "stand-in", KEY: NASTY.placeholder, SBX_CRED_GIT_HUB_MODE: "apikey", SBX_CRED_ANTHROPIC_MODE: "apikey" });
    expect(Object.values(variables)).not.toContain("never");
    expect(Object.keys(variables).filter((name) => name.startsWith("SBX_CRED"))).toHaveLength(2);
    // Granted for runtime alone.
    const [install, startup] = [...profile.hooks.install, ...profile.hooks.startup];
    expect(install?.variables).toContain("OTHER");
    expect([...(install?.variables ?? []), install?.command.join(" ")].join(" ")).not.toMatch(/GITHUB_TOKEN|KEY/);
    expect(startup?.variables).toContain("GITHUB_TOKEN");
    expect(startup?.command.join(" ")).toContain("GITHUB_TOKEN");
  });

  it("points programs to the sandbox's authorities where its requests are looked at, unless the Kit says otherwise", ({ expect }) => {
    const bounded = "- { type: com.docker.sandbox/network-policy@2, config: { runtime: { allow: [{ hosts: [a.example], methods: [GET] }] } } }";
    const trusts = (text: string, dockerfile?: string): readonly string[] => {
      const variables = profileOf(text, dockerfile).environment(NASTY);
      return Object.keys(variables).filter((name) => variables[name] === "/etc/ssl/certs/ca-certificates.crt");
    };
    expect(trusts(aKit({ capabilities: [bounded] })).toSorted()).toEqual([
      "AWS_CA_BUNDLE",
      "CARGO_HTTP_CAINFO",
      "CURL_CA_BUNDLE",
      "DENO_CERT",
      "GIT_SSL_CAINFO",
      "NODE_EXTRA_CA_CERTS",
      "PIP_CERT",
      "REQUESTS_CA_BUNDLE",
      "SSL_CERT_FILE",
    ]);
    expect(trusts(aKit({ capabilities: [bounded.replaceAll(/, methods: .GET./g, "")] }))).toEqual([]);
    const own = aKit({ capabilities: [bounded, "- { type: dev.sbx/agent@1, optional: true, config: { env: { CURL_CA_BUNDLE: /mine } } }"], top: ["args: { ca: { default: /mine, env: PIP_CERT } }"] });
    const left = trusts(own, A_DOCKERFILE.replace("ENTRYPOINT", "ENV SSL_CERT_FILE=/mine\nENTRYPOINT"));
    expect(left).toHaveLength(6);
    expect(left).not.toEqual(expect.arrayContaining([expect.stringMatching(/CURL_CA|PIP_CERT|SSL_CERT/)]));
  });

  it("does not open the provider itself when the model service stands for it", ({ expect }) => {
    const profile = profileOf(
      aKit({
        capabilities: [
          "- { type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: ['api.anthropic.com:443', 'API.anthropic.com', 'docs.anthropic.com:443'] } } }",
          "- { type: com.docker.sandbox/credential@1, config: { service: anthropic, phase: runtime, apiKey: { name: KEY, inject: [{ domain: api.anthropic.com }] } } }",
          "- { type: dev.sbx/agent@1, optional: true, config: { model: { service: anthropic, baseUrl: { env: BASE, value: '${modelUrl}/v1' } } } }",
        ],
      }),
    );
    expect(profile.allow).toEqual(["docs.anthropic.com:443"]);
    expect(profile.service).toBe("anthropic");
    expect(profile.environment(NASTY)).toEqual({ ...EXPECTED, SBX_CRED_ANTHROPIC_MODE: "apikey", BASE: "http://model.sbx.internal/anthropic/v1", KEY: NASTY.placeholder });
  });

  it("says what the hooks of Kits look for, unless the Kit says otherwise, and no mode for a credential that sets no variable", ({ expect }) => {
    const { environment } = profileOf(
      aKit({
        capabilities: [
          "- { type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: ['forge.example:443'] } } }",
          "- { type: com.docker.sandbox/credential@1, optional: true, config: { service: my-forge, phase: runtime, apiKey: { inject: [{ domain: forge.example }] } } }",
          "- { type: dev.sbx/agent@1, optional: true, config: { env: { MCP_GATEWAY_URL: 'http://mine.test/' } } }",
        ],
      }),
    );
    expect(environment({ ...NASTY, placeholders: { "my-forge": "never" } })).toEqual({ ...EXPECTED, MCP_GATEWAY_URL: "http://mine.test/" });
    expect(EXPECTED.MCP_SENTINEL_TOKEN_NAME).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
  });

  it("gives hooks an environment of their own", ({ expect }) => {
    const { hooks } = profileOf(
      aKit({
        capabilities: [
          "- { type: com.docker.sandbox/lifecycle@1, config: { install: [{ command: [touch, 'a b'], user: agent, env: [MINE] }], startup: [{ command: 'sleep 1 &', background: true }] } }",
        ],
      }),
    );
    expect(hooks.install.map(({ command }) => command)).toEqual([["/bin/sh", "-c", expect.stringMatching(/^exec env -i .*\$\{MINE\+"MINE=\$MINE"\} "\$@"$/), "hook", "touch", "a b"]]);
    expect(hooks.startup[0]?.command).toEqual(["/bin/sh", "-c", expect.stringMatching(/&$/), "hook", "sh", "-c", "sleep 1 &"]);
  });

  it("runs install hooks as root unless they say otherwise, and startup hooks never", ({ expect }) => {
    const { hooks } = profileOf(
      aKit({
        capabilities: [
          '- { type: com.docker.sandbox/lifecycle@1, config: { install: [{ command: a }, { command: b, user: agent }, { command: c, user: "0" }], startup: [{ command: d }, { command: e, user: agent }] } }',
        ],
      }),
    );
    expect([...hooks.install, ...hooks.startup].map(({ place, user }) => `${place} ${user}`)).toEqual([
      "install[0] root",
      "install[1] agent",
      "install[2] root",
      "startup[0] agent",
      "startup[1] agent",
    ]);
  });

  it("gives install hooks the hosts of their phase and no other, and the agent none of these", ({ expect }) => {
    for (const version of [1, 2]) {
      const { rules, installRules } = profileOf(
        aKit({
          capabilities: [
            `- { type: com.docker.sandbox/network-policy@${version}, config: { install: { allow: [a.example, "*.b.example:443"], deny: [c.b.example] }, runtime: { allow: [d.example] } } }`,
          ],
        }),
      );
      expect(rules.map(({ effect, to }) => `${effect} ${to}`)).toEqual(["allow d.example"]);
      expect(installRules.map(({ effect, to, layer }) => `${effect} ${to} ${layer}`)).toEqual(["allow a.example profile", "allow *.b.example:443 profile", "deny c.b.example profile"]);
    }
  });

  it.for(["10.0.0.1:80", "host.docker.internal:8811", "gateway.docker.internal"])("opens no service of this machine or network to install hooks: %s", (host, { expect }) => {
    expect(() => profileOf(aKit({ capabilities: [`- { type: com.docker.sandbox/network-policy@1, config: { install: { allow: ["${host}"] } } }`] }))).toThrow();
  });

  it("does not open the host of the model's key to install hooks", ({ expect }) => {
    const { installRules } = profileOf(
      aKit({
        capabilities: [
          "- { type: com.docker.sandbox/network-policy@1, config: { install: { allow: [api.anthropic.com, a.example] }, runtime: { allow: [api.anthropic.com] } } }",
          "- { type: com.docker.sandbox/credential@1, config: { service: anthropic, phase: runtime, apiKey: { name: ANTHROPIC_API_KEY, inject: [{ domain: api.anthropic.com }] } } }",
          "- { type: dev.sbx/agent@1, optional: true, config: { model: { service: anthropic } } }",
        ],
      }),
    );
    expect(installRules.map(({ to }) => to)).toEqual(["a.example"]);
  });

  it("fills files in so that a workspace's name adds nothing to them", ({ expect }) => {
    const profile = profileOf(
      aKit({
        capabilities: [
          "- type: dev.sbx/agent@1",
          "  config:",
          "    files:",
          '      - { path: .a.json, content: \'{"p": {"${workspace}": {"k": "${placeholder.last20}"}}}\', mode: "600" }',
          "      - { path: a.toml, content: 'w = \"${workspace}\"', overwrite: true }",
        ],
      }),
    );
    const [json, toml] = profile.seedFiles(NASTY);
    expect(JSON.parse(json?.content ?? "")).toEqual({ p: { [NASTY.workspace]: { k: "ABCDEFGHIJ".padStart(20, "abcdefghij") } } });
    expect(json).toMatchObject({ path: ".a.json", mode: 0o600, overwrite: false });
    expect(toml?.content.split("\n")).toHaveLength(1);
    expect(JSON.parse((toml?.content ?? "").slice("w = ".length))).toBe(NASTY.workspace);
  });

  it("refuses files of dev.sbx/agent@1 outside the home, unknown values and broken JSON", ({ expect }) => {
    const file = (text: string): string => aKit({ capabilities: [`- { type: dev.sbx/agent@1, config: { files: [${text}] } }`] });
    for (const path of ["/etc/passwd", "../x", "a/../../x", "a/..", ".", "./x", "a/"]) expect(problemOf(file(`{ path: "${path}", content: x }`)).code, path).toBe("KIT_INVALID");
    expect(problemOf(file('{ path: a, content: "${secret}" }')).message).toContain("stands for nothing");
    expect(problemOf(file('{ path: a.json, content: "{" }')).message).toContain("no JSON");
    expect(profileOf(file("{ path: ..a/.b, content: x }")).seedFiles(NASTY)).toHaveLength(1);
  });

  it("puts a launch together", ({ expect }) => {
    const text = aKit({ capabilities: ["- { type: dev.sbx/agent@1, config: { launch: { interactive: [-i], headless: [run], verbs: { run: [-y], mcp: [] } } } }"] });
    const { launch } = profileOf(text, 'FROM x AS early\nENTRYPOINT ["no"]\nFROM y\nENTRYPOINT ["agent", \\\n  "--flag"]\nCMD ["hello"]\n');
    expect(launch("interactive", [])).toEqual(["agent", "--flag", "-i", "hello"]);
    expect(launch("headless", ["go", "run"])).toEqual(["agent", "--flag", "run", "go", "run"]);
    expect(launch("headless", ["run", "go"])).toEqual(["agent", "--flag", "run", "-y", "go"]);
    expect(launch("interactive", ["mcp", "list"])).toEqual(["agent", "--flag", "mcp", "list"]);
    expect(launch("headless", ["toString"])).toEqual(["agent", "--flag", "run", "toString"]);
  });

  it("makes volumes of their own outside of the home, and leaves those in it to the home", ({ expect }) => {
    const volume = (config: string): string => `- { type: com.docker.sandbox/volume@1, config: { ${config} } }`;
    const { volumes } = profileOf(
      aKit({
        capabilities: [
          volume("path: /data//x/../y/, mode: '1770', size: 2g"),
          volume("path: /home/agent/.cache"),
          volume("path: /mem, tmpfs: true, size: 64m, mode: '0700'"),
          volume("path: /tmp, tmpfs: true"),
        ],
      }),
    );
    expect(volumes).toEqual([
      { path: "/data/y", mode: 0o1770, stated: { mode: "1770", size: "2g" } },
      { path: "/mem", mode: 0o700, memoryBytes: 64 << 20, stated: { mode: "0700", size: "64m" } },
      { path: "/tmp", mode: 0o755, memoryBytes: 512 << 20, stated: {} },
    ]);
  });

  it("reads a size in units of 1024", ({ expect }) => {
    const profile = profileOf(aKit({ capabilities: ["- { type: com.docker.sandbox/resources@1, config: { cpu: 1.5, memory: 2g } }", "- type: com.docker.sandbox/long-running@1"] }));
    expect(profile.resources).toEqual({ cpus: 1.5, memoryBytes: 2 * 1024 ** 3 });
    expect(profile.longRunning).toBe(true);
  });
});
