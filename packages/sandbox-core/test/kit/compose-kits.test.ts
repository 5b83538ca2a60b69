import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { composeKits, wantedSecrets, type Composition, type CompositionFacts } from "../../src/kit/compose-kits.ts";
import { findConfig } from "../../src/kit/kit.ts";
import type { KitMember } from "../../src/kit/kit-member.ts";
import { parseKit } from "../../src/kit/parse-kit.ts";
import { A_DOCKERFILE } from "./a-kit.ts";

interface Written {
  readonly kind?: "workload" | "mixin";
  readonly top?: readonly string[];
  readonly capabilities?: readonly string[];
  readonly dockerfile?: string;
  readonly args?: Readonly<Record<string, string>>;
}

function member(name: string, { kind = "mixin", top = [], capabilities = [], dockerfile, args = {} }: Written = {}): KitMember {
  const text = ['schemaVersion: "3"', `kind: ${kind}`, ...top, ...(capabilities.length === 0 ? [] : ["capabilities:", ...capabilities.map((line) => `  - ${line}`)]), ""].join("\n");
  const recipe = dockerfile ?? (kind === "workload" ? A_DOCKERFILE : undefined);
  const read = (env?: Readonly<Record<string, string>>) => parseKit(text, { args, ...(env === undefined ? {} : { env }) });
  return { reference: name, name, directory: `/kits/${name}`, kit: read(), withEnv: read, dockerfile: recipe, contents: new Map() };
}

/** A group of capabilities of the format's own types, as it is written. */
function grouped(capabilities: readonly string[], { optional = true }: { readonly optional?: boolean } = {}): string {
  return `{ group: { optional: ${String(optional)}, capabilities: [${capabilities.map((one) => `{ type: com.docker.sandbox/${one} }`).join(", ")}] } }`;
}

const base = member("base", { kind: "workload", top: ["version: '1.5'", "provides: [base]"] });

function compose(members: readonly KitMember[], facts: Partial<CompositionFacts> = {}): Composition {
  return composeKits(members, { account: { name: "agent", home: "/home/agent" }, ...facts });
}

function problemOf(members: readonly KitMember[], facts: Partial<CompositionFacts> = {}): AppError {
  try {
    compose(members, facts);
  } catch (error) {
    if (AppError.is(error)) return error;
    throw error;
  }
  throw new Error("the Kits go together");
}

const names = ({ order }: Composition): readonly string[] => order.map(({ name }) => name);
const policy = (...hosts: readonly string[]): string => `{ type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: [${hosts.join(", ")}] } } }`;

describe("composing Kits", () => {
  it("puts who is needed before who needs it, and the rest by reference; layers begin with the workload", ({ expect }) => {
    const kits = [member("z", { top: ["provides: [zed]"] }), member("a", { top: ["requires: [zed, base]"] }), base, member("m")];
    const composition = compose(kits);
    expect(names(composition)).toEqual(["base", "m", "z", "a"]);
    expect(composition.layers.map(({ name }) => name)).toEqual(["base", "m", "z", "a"]);
    const early = compose([member("a", { top: ["provides: [early]"] }), member("w", { kind: "workload", top: ["requires: [early]"] })]);
    expect(names(early)).toEqual(["a", "w"]);
    expect(early.layers.map(({ name }) => name)).toEqual(["w", "a"]);
  });

  it("shows a Kit's skill where any of the Kits has a place for skills", ({ expect }) => {
    const skill = (config: string, more = ""): string => `{ type: com.docker.sandbox/agent-skill@1, config: { ${config} }${more} }`;
    const places = member("places", { capabilities: ["{ type: com.docker.sandbox/agent-skills@1, config: { path: /home/agent/.a/skills } }"] });
    const lint = member("lint", { capabilities: [skill("path: /opt/lint")] });
    const effective = (...kits: readonly KitMember[]): readonly string[] => compose([base, ...kits]).effective.map(({ type }) => type.replace("com.docker.sandbox/", ""));
    expect(effective(lint, places)).toEqual(["agent-skill@1", "agent-skills@1"]);
    expect(problemOf([base, lint])).toMatchObject({ code: "KIT_UNSUPPORTED", message: expect.stringContaining("none of the Kits has a place for skills") });
    expect(compose([base, member("maybe", { capabilities: [skill("path: /opt/lint", ", optional: true")] })]).skipped).toHaveLength(1);
    expect(effective(lint, places, member("same", { capabilities: [skill("path: /opt/lint, name: lint")] }))).toEqual(["agent-skill@1", "agent-skills@1"]);
    expect(problemOf([base, lint, places, member("other", { capabilities: [skill("path: /srv/lint")] })]).message).toContain("do not agree");
    // A place that is left out is none; a group is its own.
    const both = (path: string): KitMember =>
      member("both", {
        capabilities: [
          `{ group: { name: g, optional: true, capabilities: [{ type: com.docker.sandbox/agent-skill@1, config: { path: /opt/x } }, { type: com.docker.sandbox/agent-skills@1, config: { path: ${path} } }] } }`,
        ],
      });
    expect(problemOf([base, lint, both("/opt/skills")]).message).toContain("none of the Kits has a place for skills");
    expect(effective(both("/home/agent/skills"))).toEqual(["agent-skill@1", "agent-skills@1"]);
  });

  it("shares a directory among sandboxes only where its person says so", ({ expect }) => {
    const shared = (more = ""): KitMember => member("cache", { capabilities: [`{ type: com.docker.sandbox/host-mount@1, config: { path: /home/agent/.cache/pip }${more} }`] });
    const taken = ({ effective }: Composition): number => effective.length;
    expect(taken(compose([base, shared()]))).toBe(1);
    expect(taken(compose([base, shared()], { share: ["/home/agent/.cache/pip"] }))).toBe(1);
    expect(problemOf([base, shared()], { share: ["/home/agent/.cache"] })).toMatchObject({ code: "KIT_UNSUPPORTED", message: expect.stringContaining("--share /home/agent/.cache/pip") });
    const skipped = compose([base, shared(", optional: true")], { share: [] });
    expect([taken(skipped), skipped.skipped]).toEqual([0, [expect.stringContaining("--share /home/agent/.cache/pip")]]);
    const volume = member("volume", { capabilities: ["{ type: com.docker.sandbox/volume@1, config: { path: /home/agent/.cache/pip } }"] });
    for (const other of [member("twin", { capabilities: ["{ type: com.docker.sandbox/host-mount@1, config: { path: /home/agent/.cache/pip } }"] }), volume])
      expect(problemOf([base, shared(), other]).message).toContain("do not agree");
  });

  it("takes a credential only where its person bound the secret to every host that it is put on at", ({ expect }) => {
    const inject = "{ domain: api.github.com }, { domain: 'uploads.github.com:8443' }";
    const github = (more = "", service = "github", name = "GITHUB_TOKEN"): KitMember =>
      member("tool", {
        capabilities: [
          "{ type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: [api.github.com, uploads.github.com] } } }",
          `{ type: com.docker.sandbox/credential@1, config: { service: ${service}, phase: runtime, apiKey: { name: ${name}, inject: [${inject}] } }${more} }`,
        ],
      });
    const taken = (secretHosts: CompositionFacts["secretHosts"], more?: string): readonly string[] =>
      compose([base, github(more)], { secretHosts }).effective.flatMap(({ type }) => (type.includes("credential") ? [type] : []));
    expect(taken(undefined)).toHaveLength(1);
    expect(taken({ github: ["api.github.com", "uploads.github.com:8443"] })).toHaveLength(1);
    expect(taken({ github: ["*.github.com", "*.github.com:8443"] })).toHaveLength(1);
    for (const hosts of [[], ["api.github.com"], ["*.github.com"], ["github.com", "*.api.github.com", "*.com", "uploads.github.com"]]) {
      for (const secretHosts of [
        { github: hosts },
        { other: ["api.github.com", "uploads.github.com:8443"], github: hosts },
        Object.create({ github: ["*.github.com", "*.github.com:8443"] }) as CompositionFacts["secretHosts"],
      ]) {
        const problem = problemOf([base, github()], { secretHosts });
        expect(problem).toMatchObject({ code: "KIT_UNSUPPORTED", fix: expect.stringMatching(/^sbx secret set github; sbx secret bind github --host /) });
        expect(problem.fix).toContain("sbx secret bind github --host uploads.github.com:8443");
        const { skipped, effective } = compose([base, github(", optional: true")], { secretHosts });
        expect(skipped).toEqual([expect.stringContaining("sbx secret set github; sbx secret bind github --host ")]);
        expect(effective.map(({ type }) => type)).toEqual(["com.docker.sandbox/network-policy@1"]);
      }
    }
    // A sandbox that is there keeps what it was granted, also where its Kit names another host now; the wall goes by what it was granted.
    expect(compose([base, github()], { grantedSecrets: ["github"] }).effective).toHaveLength(2);
    expect(problemOf([base, github()], { grantedSecrets: ["other"], secretHosts: { github: ["*.github.com", "*.github.com:8443"] } })).toMatchObject({
      code: "KIT_UNSUPPORTED",
      fix: "sbx recreate SANDBOX",
    });
    // What else is wrong is not mended by a secret.
    expect(problemOf([base, github(), member("odd", { capabilities: ["{ type: com.docker.sandbox/privileged@1 }"] })], { secretHosts: {} }).fix).toContain("optional: true");
    expect(problemOf([base, github("", "openai")], { secretHosts: { openai: ["*.github.com", "*.github.com:8443"] } })).toMatchObject({
      code: "KIT_UNSUPPORTED",
      fix: expect.not.stringContaining("sbx secret"),
    });
    expect(wantedSecrets([base, github(), github("", "openai")], undefined)).toEqual(["github"]);
  });

  it("refuses two credentials for one variable, or for one header of a host", ({ expect }) => {
    const one = (
      kit: string,
      { service = kit, name, domain = `${kit}.example.org`, header = "x-key" }: { readonly service?: string; readonly name?: string; readonly domain?: string; readonly header?: string },
    ): KitMember =>
      member(kit, {
        capabilities: [
          "{ type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: ['*'] } } }",
          `{ type: com.docker.sandbox/credential@1, config: { service: ${service}, phase: runtime, apiKey: { ${name === undefined ? "" : `name: ${name}, `}inject: [{ domain: '${domain}', header: ${header} }] } } }`,
        ],
      });
    expect(compose([base, one("a", {}), one("b", {})]).effective).toHaveLength(3);
    expect(problemOf([base, one("a", { name: "TOKEN" }), one("b", { name: "TOKEN" })])).toMatchObject({ code: "KIT_CONFLICT", message: expect.stringContaining("TOKEN") });
    expect(problemOf([base, one("a", {}), one("b", { domain: "*.example.org", header: "X-Key" })])).toMatchObject({ code: "KIT_CONFLICT", message: expect.stringContaining("x-key at") });
    expect(compose([base, one("a", {}), one("b", { domain: "*.example.org", header: "x-other" })]).effective).toHaveLength(3);
    const model = member("w", {
      kind: "workload",
      capabilities: [
        "{ type: com.docker.sandbox/credential@1, config: { service: anthropic, phase: runtime, apiKey: { name: TOKEN } } }",
        "{ type: dev.sbx/agent@1, optional: true, config: { model: { service: anthropic } } }",
      ],
    });
    expect(problemOf([model, one("a", { name: "TOKEN" })]).message).toContain("TOKEN");
  });

  it("lays nothing over a directory of the person's: what is optional is left out", ({ expect }) => {
    for (const type of ["volume", "host-mount"]) {
      const over = (path: string, more = ""): KitMember => member("over", { capabilities: [`{ type: com.docker.sandbox/${type}@1, config: { path: ${path} }${more} }`] });
      const directories = ["/srv/app", "/data/set"];
      for (const path of ["/srv/app", "/srv/app/x", "/srv", "/data"]) {
        expect(problemOf([base, over(path)], { directories })).toMatchObject({ code: "KIT_UNSUPPORTED", message: expect.stringContaining("would lie over your directory") });
        expect(compose([base, over(path, ", optional: true")], { directories })).toMatchObject({ effective: [], skipped: [expect.stringContaining("would lie over your directory")] });
      }
      expect(compose([base, over("/srv/application")], { directories }).effective).toHaveLength(1);
    }
  });

  it("comes to the same whatever order Kits are named in", ({ expect }) => {
    const kits = [
      base,
      member("a", { top: ["requires: [zed]"] }),
      member("b", { capabilities: [policy("b.example")] }),
      member("z", { top: ["provides: [zed]"], capabilities: [policy("z.example", "b.example")] }),
    ];
    const wanted = compose(kits);
    fc.assert(
      fc.property(fc.shuffledSubarray(kits, { minLength: kits.length }), (shuffled) => {
        expect(names(compose(shuffled))).toEqual(names(wanted));
        expect(compose(shuffled).effective).toEqual(wanted.effective);
      }),
    );
  });

  it("never puts a Kit before one that it needs, in any graph without circles", ({ expect }) => {
    const graph = fc.integer({ min: 1, max: 9 }).chain((count) => fc.tuple(fc.constant(count), fc.array(fc.tuple(fc.nat(8), fc.nat(8)), { maxLength: 20 })));
    fc.assert(
      fc.property(graph, fc.infiniteStream(fc.nat()), ([count, pairs], random) => {
        const edges = pairs.filter(([from, to]) => from < to && to < count);
        const needs = (index: number): string => edges.flatMap(([from, to]) => (to === index ? [`k${from}`] : [])).join(", ");
        const kits = Array.from({ length: count }, (_, index) => member(`n${String((random.next().value ?? 0) % 1000)}-${index}`, { top: [`provides: [k${index}]`, `requires: [${needs(index)}]`] }));
        const order = compose([...kits, base]).order;
        for (const [from, to] of edges) expect(order.findIndex(({ name }) => name === kits[from]?.name)).toBeLessThan(order.findIndex(({ name }) => name === kits[to]?.name));
      }),
      { numRuns: 50 },
    );
  });

  it("merges what entries and groups of one Kit declare of a type, in their order", ({ expect }) => {
    const hook = (word: string) => `lifecycle@1, config: { startup: [{ command: ${word} }] }`;
    const one = member("one", { capabilities: [`{ type: com.docker.sandbox/${hook("base")} }`, grouped([hook("feature")]), grouped([hook("last")], { optional: false })] });
    expect(findConfig(compose([base, one]).effective, "com.docker.sandbox/lifecycle@1")?.startup.map(({ command }) => command)).toEqual(["base", "feature", "last"]);
    expect(() => member("one", { capabilities: [hook("a"), hook("b")].map((text) => `{ type: com.docker.sandbox/${text} }`) })).toThrow(/stands twice/);
    expect(() => member("one", { capabilities: [grouped([hook("a"), hook("b")])] })).toThrow(/stands twice/);
  });

  it("fills in the variables of the account, unless the image or a person sets them", ({ expect }) => {
    const file = (path: string) => member("f", { capabilities: [`{ type: com.docker.sandbox/lifecycle@1, config: { files: [{ path: "${path}", content: "as \${{ kit.env.USER }}" }] } }`] });
    const files = (env: Readonly<Record<string, string>>) => findConfig(compose([base, file("${{ kit.env.HOME }}/x")], { env }).effective, "com.docker.sandbox/lifecycle@1")?.files;
    expect(files({})).toMatchObject([{ path: "/home/agent/x", content: "as agent" }]);
    expect(files({ HOME: "/home/agent/own", USER: "ann" })).toMatchObject([{ path: "/home/agent/own/x", content: "as ann" }]);
  });

  it.for(["/var/tmp/x", "/srv/x", "/opt/tool/x"])("takes files outside of the home where nothing of others lies: %s", (path, { expect }) => {
    const kit = member("f", { capabilities: [`{ type: com.docker.sandbox/lifecycle@1, config: { files: [{ path: ${path}, content: y }] } }`] });
    expect(findConfig(compose([base, kit]).effective, "com.docker.sandbox/lifecycle@1")?.files).toMatchObject([{ path }]);
  });

  it.for([
    ["/etc/profile.d/x.sh", "lies over /etc"],
    ["/usr/local/bin/git", "lies over /usr"],
    ["/run/sbx/x", "lies over /run"],
    ["/.sbx/x", "belongs to sbx"],
    ["/proc/sys/x", "lies over /proc"],
    ["/home/other/x", "of /home only"],
    ["/home/agent", "is the home itself"],
    ["/srv/../etc/x", "lies over /etc"],
    ["/srv/box/.git/hooks/post-commit", "would lie over your directory /srv/box"],
    ["/srv", "would lie over your directory /srv/box"],
  ] as const)("takes no file at %s", ([path, why], { expect }) => {
    const kit = member("f", { capabilities: [`{ type: com.docker.sandbox/lifecycle@1, config: { files: [{ path: "${path}", content: y }] } }`] });
    expect(problemOf([base, kit], { directories: ["/srv/box"] })).toMatchObject({ code: "KIT_UNSUPPORTED", message: expect.stringContaining(why) });
  });

  it.for([
    ["a file", "com.docker.sandbox/lifecycle@1, config: { files: [{ path: /home/ann/box/Makefile, content: y }] }"],
    ["skills", "com.docker.sandbox/agent-skills@1, config: { path: /home/ann/box/skills }"],
    ["a text", "com.docker.sandbox/agent-context@1, config: { directory: /home/ann/box, filename: C.md, content: y }"],
    ["a file of its agent", "dev.sbx/agent@1, config: { files: [{ path: box/Makefile, content: y }] }"],
    ["its agent's servers", "dev.sbx/agent@1, config: { mcp: { path: box/.mcp.json, keys: [a], entry: {} } }"],
  ] as const)("puts %s into no directory of the person's that lies where the home is", ([, config], { expect }) => {
    const kit = member("f", { capabilities: [`{ type: ${config} }`] });
    const account = { name: "ann", home: "/home/ann" };
    expect(problemOf([base, kit], { account, directories: ["/home/ann/box"] })).toMatchObject({
      code: "KIT_UNSUPPORTED",
      message: expect.stringContaining("would lie over your directory /home/ann/box"),
    });
    expect(compose([base, kit], { account, directories: ["/home/ann/other"] }).skipped).toEqual([]);
  });

  it("judges a workload by the model that any of its groups states, as it gets it", ({ expect }) => {
    const agent = (config: string) => `{ group: { capabilities: [{ type: dev.sbx/agent@1, config: ${config} }] } }`;
    const key = "{ type: com.docker.sandbox/credential@1, config: { service: anthropic, phase: install, apiKey: { name: KEY } } }";
    const kit = member("w", { kind: "workload", capabilities: [agent("{}"), agent("{ model: { service: anthropic } }"), key] });
    expect(problemOf([kit]).message).toContain("install hooks get no credential");
  });

  const refusals: readonly (readonly [what: string, kits: readonly KitMember[], message: string])[] = [
    ["no workload", [member("a")], "none of them is a workload"],
    ["two workloads", [base, member("other", { kind: "workload" })], '"base" and "other" are workloads'],
    ["two providers of one name", [base, member("a", { top: ["provides: [git]"] }), member("b", { top: ["provides: [com.docker.kit/git]"] })], '"a" and "b" provide com.docker.kit/git'],
    ["a Kit named twice", [base, member("a"), member("a")], '"a" is named twice'],
    ["what none provides", [base, member("a", { top: ["requires: [git >= 2]"] })], '"a" requires "git >= 2"'],
    ["itself as its own provider", [base, member("a", { top: ["provides: [git]", "requires: [git]"] })], '"a" requires "git"'],
    ["a version out of bounds", [base, member("a", { top: ["requires: ['base >= 2']"] })], "there is com.docker.kit/base 1.5"],
    ["a provider without a version where one is asked for", [member("w", { kind: "workload", top: ["provides: [base]"] }), member("a", { top: ["requires: ['base > 0']"] })], "without a version"],
    ["bounds that no version meets", [base, member("a", { top: ["integrates: ['other > 2, < 2']"] })], "no version can be"],
    ["an integration of another version", [base, member("a", { top: ["integrates: ['base < 1']"] })], 'goes with "base < 1" alone'],
    ["a conflict", [base, member("a", { top: ["conflicts: [base]"] })], '"a" conflicts with "base"'],
    ["a circle", [base, member("a", { top: ["provides: [one]", "requires: [two]"] }), member("b", { top: ["provides: [two]", "requires: [one]"] })], '"a" and "b" need each other'],
    [
      "one volume of two sizes",
      [base, ...["a", "b"].map((name, index) => member(name, { capabilities: [`{ type: com.docker.sandbox/volume@1, config: { path: /home/agent/v/, size: ${index + 1}g } }`] }))],
      '"a" (capabilities[0]) and "b" (capabilities[0]) do not agree on com.docker.sandbox/volume@1 path /home/agent/v',
    ],
    [
      "one file of two Kits",
      [base, ...["a", "b"].map((name) => member(name, { capabilities: ["{ type: com.docker.sandbox/lifecycle@1, config: { files: [{ path: /home/agent/x, content: y }] } }"] }))],
      "do not agree on com.docker.sandbox/lifecycle@1",
    ],
    [
      "two groups of one Kit that write one file",
      [base, member("a", { capabilities: ["one", "two"].map((content) => grouped([`lifecycle@1, config: { files: [{ path: /var/tmp/x, content: ${content} }] }`])) })],
      'capabilities[0].group.capabilities[0] and capabilities[1].group.capabilities[0] of "a" do not agree on com.docker.sandbox/lifecycle@1',
    ],
    ["a variable of two values", [base, ...["a", "b"].map((name) => member(name, { dockerfile: `FROM scratch\nENV MINE=${name}\nCOPY x /\n` }))], "set the variable MINE differently"],
    [
      "arguments that export a variable differently",
      [base, ...["a", "b"].map((name) => member(name, { top: [`args: { v${name}: { default: ${name}, env: MINE } }`] }))],
      "set the variable MINE differently by their arguments",
    ],
  ];
  for (const [what, kits, message] of refusals) {
    it(`refuses ${what}`, ({ expect }) => {
      const problem = problemOf(kits);
      expect(problem.code).toBe("KIT_CONFLICT");
      expect(problem.message).toContain(message);
    });
  }

  it("says everything that is wrong at once", ({ expect }) => {
    const problem = problemOf([member("a", { top: ["requires: [git]", "conflicts: [b]"], capabilities: ["{ type: com.docker.sandbox/privileged@1 }"] }), member("b", { top: ["provides: [b]"] })], {
      given: ["nobody"],
    });
    expect(problem.details["problems"]).toEqual([
      expect.stringContaining("none of them is a workload"),
      expect.stringContaining('requires "git"'),
      expect.stringContaining("conflicts"),
      expect.stringContaining('no Kit has an argument "nobody"'),
      expect.stringContaining("privileged@1"),
    ]);
  });

  it("takes versions by their parts as numbers", ({ expect }) => {
    const wanted = (bounds: string): readonly string[] => names(compose([base, member("a", { top: [`requires: ['base ${bounds}']`] })]));
    for (const bounds of [">= 1.5", "= 1.5", "= 1.5.0", "> 1.4.99, < 1.10", "<= 1.5"]) expect(wanted(bounds), bounds).toHaveLength(2);
    for (const bounds of ["> 1.5", "< 1.5", "= 1.50", ">= 1.10"]) expect(problemOf([base, member("a", { top: [`requires: ['base ${bounds}']`] })]).code, bounds).toBe("KIT_CONFLICT");
  });

  it("merges networks, limits and equal volumes, and keeps a denial of any Kit", ({ expect }) => {
    const volume = (size: string, mode: string): string => `{ type: com.docker.sandbox/volume@1, config: { path: /home/agent/v, size: ${size}, mode: "${mode}" } }`;
    const { effective } = compose([
      member("w", { kind: "workload", capabilities: [policy("a.example"), "{ type: com.docker.sandbox/resources@1, config: { cpu: 1, memory: 4g } }", volume("1g", "755")] }),
      member("m", {
        capabilities: [
          "{ type: com.docker.sandbox/network-policy@2, config: { runtime: { allow: [b.example], deny: ['a.example'] } } }",
          "{ type: com.docker.sandbox/resources@1, config: { cpu: 3, memory: 1g } }",
          volume("1024m", "0755"),
        ],
      }),
    ]);
    expect(findConfig(effective, "com.docker.sandbox/network-policy@2")?.runtime).toEqual({ allow: ["b.example", "a.example"], deny: ["a.example"] });
    expect(findConfig(effective, "com.docker.sandbox/resources@1")).toEqual({ cpu: 3, memory: "4g" });
    expect(effective.filter(({ type }) => type === "com.docker.sandbox/volume@1")).toHaveLength(1);
    expect(findConfig(effective, "com.docker.sandbox/network-policy@1")).toBeUndefined();
  });

  it("leaves out the optional group of a mixin whole, and names the mixin", ({ expect }) => {
    const { effective, skipped } = compose([base, member("m", { capabilities: [`group: { optional: true, capabilities: [${policy("a.example")}, { type: com.docker.sandbox/privileged@1 }] }`] })]);
    expect(effective).toEqual([]);
    expect(skipped).toEqual([expect.stringContaining("m: com.docker.sandbox/privileged@1 (capabilities[0].group.capabilities[1])")]);
  });
});

describe("ports that Kits ask for", () => {
  const asks = (optional: boolean): KitMember => member("web", { capabilities: [`{ type: com.docker.sandbox/port@1, optional: ${optional}, config: { container: 3000 } }`] });

  it("are opened by their person's word alone", ({ expect }) => {
    for (const publish of [[], [3001]]) {
      expect(problemOf([base, asks(false)], { publish })).toMatchObject({ code: "KIT_UNSUPPORTED", message: expect.stringContaining("--publish 3000") });
      const { skipped, effective } = compose([base, asks(true)], { publish });
      expect([skipped, effective]).toEqual([[expect.stringContaining("--publish 3000")], []]);
    }
    for (const facts of [{ publish: [3001, 3000] }, {}]) expect(compose([base, asks(false)], facts).effective.map(({ type }) => type)).toEqual(["com.docker.sandbox/port@1"]);
  });
});

describe("arguments and variables of Kits", () => {
  const host = member("m", {
    top: ["args: { host: { required: true }, port: { default: '443', env: PORT } }"],
    capabilities: [policy("'${{ kit.args.host }}:${{ kit.args.port }}'")],
    args: { host: "a.example" },
  });

  it("fills them in and exports them", ({ expect }) => {
    const { effective, argEnv } = compose([base, host], { given: ["host"] });
    expect(findConfig(effective, "com.docker.sandbox/network-policy@1")?.runtime?.allow).toEqual(["a.example:443"]);
    expect(argEnv).toEqual({ PORT: "443" });
  });

  it("asks for one that is required, and never prints a value", ({ expect }) => {
    expect(problemOf([base, member("m", { top: ["args: { host: { required: true } }"] })]).message).toContain("--arg host=VALUE");
    for (const rule of ["enum: [a]", "pattern: '[0-9]+'"])
      expect(() => member("m", { top: [`args: { v: { required: true, ${rule} } }`], args: { v: "s3cret" } })).toThrow(/^(?!.*s3cret).*the value given for "v"/);
  });

  it("takes patterns as the format means them, and is not held up by one", ({ expect }) => {
    const taken =
      (pattern: string, value: string): (() => unknown) =>
      () =>
        member("m", { top: [`args: { v: { required: true, pattern: '${pattern}' } }`], args: { v: value } });
    expect(taken("a|b+", "bbb")).not.toThrow();
    expect(taken("a|b+", "ab")).toThrow(/does not match/);
    expect(taken("(a+)+", `${"a".repeat(5000)}!`)).toThrow(/does not match/);
    for (const unread of ["(?=a)a", "[", String.raw`(a)\1`]) expect(taken(unread, "a")).toThrow(/no regular expression/);
  });

  it("takes variables of the image, then of arguments, then of the person", ({ expect }) => {
    const reader = member("r", {
      capabilities: ["{ type: com.docker.sandbox/agent-context@1, config: { directory: /home/agent/c, filename: C.md, content: '${{ kit.env.A }} ${{ kit.env.PORT }} ${{ kit.env.C }}' } }"],
    });
    const image = member("w", { kind: "workload", dockerfile: 'FROM x\nENV A=image B="b c"\nENV C $B\nENTRYPOINT ["x"]\n' });
    const text = (env: Readonly<Record<string, string>>): unknown => findConfig(compose([image, host, reader], { env }).effective, "com.docker.sandbox/agent-context@1")?.content;
    expect(text({})).toBe("image 443 b c");
    expect(text({ A: "mine" })).toBe("mine 443 b c");
    expect(() => compose([base, reader], { env: {} })).toThrow(/the variable "A" is not set/);
    expect(compose([base, reader]).skipped).toEqual([expect.stringContaining("read with the variables of its sandbox")]);
  });

  it("looks through no value for references again", ({ expect }) => {
    const smuggled = { v: "${{ kit.env.A }}" };
    expect(() => member("m", { top: ["args: { v: { required: true } }"], capabilities: [policy("'${{ kit.args.v }}'")], args: smuggled })).toThrow(/is a reference itself/);
    const reader = member("m", { capabilities: ["{ type: com.docker.sandbox/agent-context@1, config: { directory: /home/agent/c, filename: C.md, content: '${{ kit.env.A }}' } }"] });
    expect(() => compose([base, reader], { env: { A: "${{ kit.args.v }}" } })).toThrow(/is a reference itself/);
  });

  it("keeps a host of a variable out of the policy when it is none", ({ expect }) => {
    const reader = member("m", { capabilities: [policy("'${{ kit.env.A }}'")] });
    expect(() => compose([base, reader], { env: { A: "10.0.0.1" } })).toThrow(/no host pattern/);
    expect(findConfig(compose([base, reader], { env: { A: "a.example" } }).effective, "com.docker.sandbox/network-policy@1")?.runtime?.allow).toEqual(["a.example"]);
  });
});
