import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { afterEach, beforeEach, describe, it } from "vitest";
import { createKitStore } from "../src/kit-store.ts";

const KIT = 'schemaVersion: "3"\nkind: workload\ndisplayName: Mine\n';
const RECIPE = 'ARG SBX_BASE\nFROM ${SBX_BASE}\nENTRYPOINT ["mine"]\n';
let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "sbx-kits-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function place(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const kit = path.join(directory, name);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(kit, file)), { recursive: true });
    await writeFile(path.join(kit, file), text);
  }
  return kit;
}

async function problemOf(agent: string): Promise<AppError> {
  const problem: unknown = await createKitStore({ directory })
    .load({ agent: agent })
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  if (AppError.is(problem)) return problem;
  throw new Error(`the Kit was taken, or failed otherwise: ${String(problem)}`);
}

describe("the Kit store", () => {
  it("has the built-in agents, also where the person has no directory", async ({ expect }) => {
    const { kits, broken } = await createKitStore({ directory: path.join(directory, "missing") }).list();
    expect(kits.map(({ profile, source }) => [profile.name, source])).toEqual(
      ["claude", "codex", "gemini", "opencode", "copilot", "qwen", "cline", "pi", "kiro", "shell"].map((name) => [name, "built-in"]),
    );
    expect(broken).toEqual([]);
  });

  it("prefers the person's own, and takes a Kit by its path", async ({ expect }) => {
    const own = await place("claude", { "kit.yaml": KIT, "kit.dockerfile": RECIPE });
    const store = createKitStore({ directory });
    expect((await store.load({ agent: "claude" })).source).toBe(own);
    expect((await store.load({ agent: "claude" })).profile.displayName).toBe("Mine");
    expect((await store.load({ agent: `${own}/` })).profile.name).toBe("claude");
    expect((await store.list()).kits).toHaveLength(10);
  });

  it("reads a Kit whose files carry the directory's name, a named recipe, and context", async ({ expect }) => {
    const kit = await place("other", {
      "other.yaml": `${KIT}dockerfile: sub/Dockerfile\ncapabilities:\n  - { type: com.docker.sandbox/agent-context@1, config: { directory: /home/agent/.x, filename: A.md, contentFile: ./a.md } }\n`,
      "sub/Dockerfile": RECIPE,
      "a.md": "be brief",
    });
    const { profile } = await createKitStore({ directory }).load({ agent: kit });
    expect(profile.dockerfile).toBe(RECIPE);
    expect(profile.seedFiles({ workspace: "/w", placeholder: "k", placeholders: {}, modelUrl: "u", mcpUrl: "m" })).toEqual([
      { path: "/home/agent/.x/A.md", content: expect.stringMatching(/^be brief\n/), mode: 0o644, overwrite: false, appendUnless: expect.any(String) },
    ]);
  });

  it("asks what a secret is bound to where its Kits want it at hosts, and for no model's key", async ({ expect }) => {
    const credential = (service: string): string =>
      `  - { type: com.docker.sandbox/credential@1, optional: true, config: { service: ${service}, phase: runtime, apiKey: { inject: [{ domain: forge.example }] } } }\n`;
    const network = "  - { type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: [forge.example] } } }\n";
    await place("mine", { "kit.yaml": `${KIT}capabilities:\n${network}${credential("constructor")}${credential("openai")}`, "kit.dockerfile": RECIPE });
    const asked: string[] = [];
    const load = async (hosts?: readonly string[]) => {
      const secretHosts = (name: string): Promise<readonly string[]> => {
        asked.push(name);
        return Promise.resolve(hosts ?? []);
      };
      const { profile } = await createKitStore({ directory }).load({ agent: "mine", env: {}, ...(hosts === undefined ? {} : { secretHosts }) });
      return profile.credentials.map(({ service }) => service);
    };
    expect(await load(["forge.example"])).toEqual(["constructor"]);
    expect(await load([])).toEqual([]);
    expect(await load()).toEqual(["constructor"]);
    expect(asked).toEqual(["constructor", "constructor"]);
  });

  it("names what was probably meant", async ({ expect }) => {
    await place("mine", { "kit.yaml": KIT, "kit.dockerfile": RECIPE });
    for (const [wanted, near] of [
      ["cluade", "claude"],
      ["Claude", "claude"],
      ["code", "codex"],
      ["gemni", "gemini"],
      ["mein", "mine"],
    ] as const) {
      const problem = await problemOf(wanted);
      expect(problem.code).toBe("AGENT_UNKNOWN");
      expect(problem.fix, wanted).toContain(`"${near}"`);
    }
    expect((await problemOf("xyzzy")).fix).toContain("claude, cline, codex, copilot, gemini, kiro, mine, opencode, pi, qwen, shell");
  });

  it("lists a broken Kit apart and the others all the same", async ({ expect }) => {
    await place("bad", { "kit.yaml": `${KIT}nme: x\n`, "kit.dockerfile": RECIPE });
    const { kits, broken } = await createKitStore({ directory }).list();
    expect(kits).toHaveLength(10);
    expect(broken.map(({ name, problem }) => [name, problem.code])).toEqual([["bad", "KIT_INVALID"]]);
    expect(broken[0]?.problem.message).toContain(`${path.join(directory, "bad", "kit.yaml")}:4:1: `);
  });

  it("does not let a person's name reach out of their directory", async ({ expect }) => {
    for (const name of ["..", ".", "", "a\0b", "CLAUDE ", "claude\n"]) expect((await problemOf(name)).code, JSON.stringify(name)).toBe("AGENT_UNKNOWN");
    expect((await problemOf("../claude")).code).toBe("AGENT_UNKNOWN");
    expect((await problemOf("/no/such/kit")).code).toBe("KIT_INVALID");
  });

  it("follows no link out of a Kit", async ({ expect }) => {
    const secret = path.join(directory, "secret");
    await writeFile(secret, "TOP SECRET");
    const kit = await place("links", {
      "kit.yaml": `${KIT}capabilities:\n  - { type: com.docker.sandbox/agent-context@1, config: { directory: /home/agent/.x, filename: A.md, contentFile: a.md } }\n`,
      "kit.dockerfile": RECIPE,
    });
    await symlink(secret, path.join(kit, "a.md"));
    const linked = await problemOf(kit);
    expect(linked.message).toContain("is a link");
    expect(JSON.stringify(linked)).not.toContain("TOP SECRET");
    const other = await place("recipe", { "kit.yaml": KIT });
    await symlink(secret, path.join(other, "kit.dockerfile"));
    expect((await problemOf(other)).message).toContain("is a link");
    const climbing = await place("climb", {
      "kit.yaml": `${KIT}capabilities:\n  - { type: com.docker.sandbox/agent-context@1, config: { directory: /home/agent/.x, filename: A.md, contentFile: ../secret } }\n`,
      "kit.dockerfile": RECIPE,
    });
    expect((await problemOf(climbing)).message).toContain("leads out of");
  });

  it("refuses a directory without a descriptor, with several, and with one that is a directory", async ({ expect }) => {
    expect((await problemOf(await place("none", { "x.txt": "" }))).message).toContain("has no kit.yaml");
    expect((await problemOf(await place("two", { "a.yaml": KIT, "b.yaml": KIT }))).message).toContain("several descriptors");
    expect((await problemOf(await place("dir", { "kit.yaml/x": "" }))).message).toContain("no ordinary file");
    expect((await problemOf(await place("norecipe", { "kit.yaml": KIT }))).message).toContain("has no recipe");
  });
});
