import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError, type AgentView } from "@sbx/contracts";
import { parseKit, resolveProfile } from "@sbx/core";
import { describe, it, onTestFinished } from "vitest";
import { createFakeDaemon, type FakeDaemon } from "../support/fake-daemon.ts";
import { runLine } from "../support/run-line.ts";

function directory(): string {
  const made = mkdtempSync(path.join(tmpdir(), "sbx-agents-cli-"));
  onTestFinished(() => {
    rmSync(made, { recursive: true });
  });
  return made;
}

/** A daemon that reads Kits as the real one does. */
function reader(): FakeDaemon {
  return createFakeDaemon({
    handlers: {
      showAgent: ({ agent }) => {
        const read = (file: string): string => readFileSync(path.join(agent, file), "utf8");
        if (!existsSync(path.join(agent, "kit.yaml"))) throw new AppError("AGENT_UNKNOWN", { message: "There is no such Kit", fix: "Name one." });
        const name = path.basename(agent);
        const profile = resolveProfile(parseKit(read("kit.yaml")), { name, directory: agent, dockerfile: read("kit.dockerfile") });
        const { displayName, description, allow, service, skipped } = profile;
        const view: AgentView = {
          name,
          displayName,
          description,
          source: agent,
          allow: [...allow],
          installAllow: [],
          installsAsRoot: false,
          startsAsRoot: false,
          skills: [],
          shares: [],
          credentials: [],
          acp: [],
          ssh: [],
          interactive: [...profile.launch("interactive", [])],
          headless: [...profile.launch("headless", ["TASK"])],
          kind: "workload",
          kits: [],
          skipped: [...skipped],
          built: false,
        };
        return Promise.resolve(service === undefined ? view : { ...view, service });
      },
    },
  });
}

const NEW = ["agents", "new", "mine", "--package", "@team/my-agent@1.2.3", "--model", "openai", "--key-variable", "OPENAI_API_KEY", "--url-variable", "OPENAI_BASE_URL", "--url-path", "/v1"];

describe("sbx agents new", () => {
  it("writes a Kit that the daemon carries out, and says how to prove it", async ({ expect }) => {
    const config = directory();
    const { code, out, err } = await runLine([...NEW, "--headless=--yes -p", "--interactive=--yes", "--allow-host", "docs.example.org:443", "--protect", ".mine/"], {
      daemon: reader(),
      env: { SBX_CONFIG_DIR: config },
    });
    const kit = path.join(config, "agents", "mine");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toBe(`mine: written to ${kit}. Prove it with: sbx agents check mine\n`);
    expect(readFileSync(path.join(kit, "kit.dockerfile"), "utf8")).toContain("npm install --global @team/my-agent@1.2.3 \\\n");
    const profile = resolveProfile(parseKit(readFileSync(path.join(kit, "kit.yaml"), "utf8")), { name: "mine", directory: kit, dockerfile: readFileSync(path.join(kit, "kit.dockerfile"), "utf8") });
    expect(profile).toMatchObject({ service: "openai", allow: ["docs.example.org:443"], protect: [".mine/"], skipped: [] });
    expect(profile.launch("headless", ["go"])).toEqual(["my-agent", "--yes", "-p", "go"]);
    expect(profile.environment({ workspace: "/w", placeholder: "KEY", placeholders: {}, modelUrl: "URL", mcpUrl: "http://mcp.test/" })).toMatchObject({
      OPENAI_API_KEY: "KEY",
      OPENAI_BASE_URL: "URL/v1",
    });
    expect(readdirSync(path.join(config, "agents"))).toEqual(["mine"]);
  });

  it("replaces no agent unasked", async ({ expect }) => {
    const env = { SBX_CONFIG_DIR: directory() };
    expect((await runLine(NEW, { daemon: reader(), env })).code).toBe(0);
    expect((await runLine(NEW, { daemon: reader(), env })).err).toContain("add --force");
    expect((await runLine([...NEW, "--force"], { daemon: reader(), env })).code).toBe(0);
  });

  it.for([
    ["a package without version", ["agents", "new", "mine", "--package", "my-agent"]],
    ["a package that is a range", ["agents", "new", "mine", "--package", "my-agent@^1.2.3"]],
    ["a package that is a command", ["agents", "new", "mine", "--package", "x@1.2.3 && id"]],
    ["a package with a line of its own", ["agents", "new", "mine", "--package", "x@1.2.3\nRUN id"]],
    ["a program that ends the list", ["agents", "new", "mine", "--package", "x@1.2.3", "--program", 'x", "y']],
    ["an unknown model", ["agents", "new", "mine", "--package", "x@1.2.3", "--model", "constructor"]],
    ["an address that is a template", [...NEW.slice(0, -1), "/${workspace}"]],
    ["a name that climbs", ["agents", "new", "../mine", "--package", "x@1.2.3"]],
    ["no package where nobody can be asked", ["agents", "new", "mine"]],
    ["a host that is an address", [...NEW, "--allow-host", "10.0.0.1"]],
  ] as const)("writes nothing for %s", async ([, argv], { expect }) => {
    const config = directory();
    const { code } = await runLine(argv, { daemon: reader(), env: { SBX_CONFIG_DIR: config } });
    expect(code).not.toBe(0);
    expect(existsSync(path.join(config, "agents")) ? readdirSync(path.join(config, "agents")) : []).toEqual([]);
  });
});

describe("sbx kit", () => {
  const KIT = 'schemaVersion: "3"\nkind: workload\n';
  const RECIPE = 'ARG SBX_BASE\nFROM ${SBX_BASE}\nENTRYPOINT ["x"]\n';
  const place = (root: string, name: string, yaml = KIT): string => {
    const kit = path.join(root, name);
    mkdirSync(path.join(kit, "more"), { recursive: true });
    writeFileSync(path.join(kit, "kit.yaml"), yaml);
    writeFileSync(path.join(kit, "kit.dockerfile"), RECIPE);
    writeFileSync(path.join(kit, "more", "a.txt"), "a");
    return kit;
  };

  it("validate names what is wrong with each, with its line, and ends with 1", async ({ expect }) => {
    const root = directory();
    place(root, "good");
    place(root, "bad", `${KIT}nme: x\n`);
    place(root, "more-than-we-do", `${KIT}capabilities:\n  - { type: com.docker.sandbox/privileged@1 }\n`);
    const { code, out } = await runLine(["kit", "validate", "./good", "./bad", "./more-than-we-do", "./missing"], { daemon: reader(), cwd: root });
    expect(code).toBe(1);
    expect(out.split("\n")).toEqual([
      "./good: valid",
      expect.stringContaining(':3:1: unknown key "nme"'),
      expect.stringContaining("requires com.docker.sandbox/privileged@1"),
      "./missing: There is no such Kit",
      "",
    ]);
    expect((await runLine(["kit", "validate", "./good"], { daemon: reader(), cwd: root })).code).toBe(0);
  });

  it("add copies a Kit with all of its files", async ({ expect }) => {
    const [root, config] = [directory(), directory()];
    const { out } = await runLine(["kit", "add", place(root, "Given"), "--name", "mine"], { daemon: reader(), env: { SBX_CONFIG_DIR: config } });
    expect(out).toBe("mine: added. Run it with: sbx run mine\n");
    expect(readFileSync(path.join(config, "agents", "mine", "more", "a.txt"), "utf8")).toBe("a");
  });

  it("add takes none that cannot be carried out, and follows no link", async ({ expect }) => {
    const [root, config] = [directory(), directory()];
    const linked = place(root, "linked");
    symlinkSync("/etc/passwd", path.join(linked, "more", "secret"));
    for (const kit of [place(root, "bad", `${KIT}nme: x\n`), linked]) {
      expect((await runLine(["kit", "add", kit], { daemon: reader(), env: { SBX_CONFIG_DIR: config } })).code).not.toBe(0);
      expect(existsSync(path.join(config, "agents")) ? readdirSync(path.join(config, "agents")) : []).toEqual([]);
    }
  });

  it("inspect and ls are what sbx agents shows", async ({ expect }) => {
    const root = directory();
    place(root, "good");
    const shown = await runLine(["kit", "inspect", "./good"], { daemon: reader(), cwd: root });
    expect(shown.out).toBe((await runLine(["agents", "show", "./good"], { daemon: reader(), cwd: root })).out);
    expect(shown.out).toContain(`source         ${path.join(root, "good")}\n`);
  });
});
