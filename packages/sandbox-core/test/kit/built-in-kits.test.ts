import { readdirSync, readFileSync } from "node:fs";
import { compilePolicy, decide } from "@sbx/egress-policy";
import { describe, it } from "vitest";
import { parseKit } from "../../src/kit/parse-kit.ts";
import type { AgentProfile } from "../../src/kit/profile.ts";
import { resolveProfile } from "../../src/kit/resolve-profile.ts";
import { NASTY } from "./a-kit.ts";

const AGENTS = new URL("../../agents/", import.meta.url);
const NAMES = ["claude", "cline", "codex", "copilot", "gemini", "kiro", "opencode", "pi", "qwen", "shell"];
/** Agents whose only way out is the model service. Kiro speaks a protocol of its own to hosts of its own. */
const BEHIND_THE_SERVICE = NAMES.filter((name) => name !== "kiro");

function builtIn(name: string): AgentProfile {
  const read = (file: string): string => readFileSync(new URL(`${name}/${file}`, AGENTS), "utf8");
  return resolveProfile(parseKit(read("kit.yaml")), { name, directory: `/agents/${name}`, dockerfile: read("kit.dockerfile") });
}

const seeded = (name: string, path: string): string =>
  builtIn(name)
    .seedFiles(NASTY)
    .find((file) => file.path === path)?.content ?? "";

describe("the built-in agents", () => {
  it("are these", ({ expect }) => {
    expect(readdirSync(AGENTS).toSorted()).toEqual(NAMES);
  });

  it("start like this", ({ expect }) => {
    const launches = NAMES.map((name) => [name, builtIn(name).launch("interactive", []), builtIn(name).launch("headless", ["a b"])]);
    expect(launches).toEqual([
      ["claude", ["claude", "--dangerously-skip-permissions"], ["claude", "--dangerously-skip-permissions", "-p", "a b"]],
      ["cline", ["cline", "--tui"], ["cline", "a b"]],
      ["codex", ["codex", "--yolo", "--no-daemon"], ["codex", "--yolo", "exec", "--skip-git-repo-check", "a b"]],
      ["copilot", ["copilot", "--allow-all-tools", "--allow-all-paths", "--no-auto-update"], ["copilot", "--allow-all-tools", "--allow-all-paths", "--no-auto-update", "a b"]],
      ["gemini", ["gemini", "--yolo", "--skip-trust"], ["gemini", "--yolo", "--skip-trust", "a b"]],
      ["kiro", ["kiro-cli", "chat", "--v2", "--trust-all-tools"], ["kiro-cli", "chat", "--v2", "--no-interactive", "--trust-all-tools", "a b"]],
      ["opencode", ["opencode"], ["opencode", "run", "a b"]],
      ["pi", ["pi", "--no-extensions"], ["pi", "--no-extensions", "a b"]],
      ["qwen", ["qwen", "--yolo"], ["qwen", "--yolo", "a b"]],
      ["shell", ["/bin/bash", "-l"], ["a b"]],
    ]);
  });

  it("pass a person's own words on", ({ expect }) => {
    expect(builtIn("claude").launch("headless", ["-p", "go"])).toEqual(["claude", "--dangerously-skip-permissions", "-p", "-p", "go"]);
    expect(builtIn("codex").launch("headless", ["exec", "go"])).toEqual(["codex", "exec", "--yolo", "--skip-git-repo-check", "go"]);
    expect(builtIn("codex").launch("interactive", ["resume", "--last"])).toEqual(["codex", "resume", "--yolo", "--no-daemon", "--last"]);
    expect(builtIn("opencode").launch("headless", ["run", "-m", "x/y", "go"])).toEqual(["opencode", "run", "-m", "x/y", "go"]);
    expect(builtIn("shell").launch("headless", ["sh", "-c", "id -u"])).toEqual(["sh", "-c", "id -u"]);
  });

  for (const name of NAMES) {
    it(`${name}: everything in its Kit is carried out`, ({ expect }) => {
      expect(builtIn(name).skipped).toEqual([]);
    });

    it(`${name}: opens no host of a provider, so that nothing goes round the model service`, ({ expect }) => {
      const { rules, allow } = builtIn(name);
      if (BEHIND_THE_SERVICE.includes(name)) expect(allow).toEqual([]);
      const policy = compilePolicy([...rules]);
      for (const host of ["api.anthropic.com", "api.openai.com", "generativelanguage.googleapis.com", "dashscope-intl.aliyuncs.com", "example.org"])
        expect(decide(policy, { kind: "name", name: host, port: 443 }).effect, host).toBe("deny");
    });

    it(`${name}: what a workspace is called adds nothing to its files`, ({ expect }) => {
      for (const { path, content } of builtIn(name).seedFiles(NASTY)) {
        if (path.endsWith(".json")) expect(() => void JSON.parse(content), path).not.toThrow();
        expect(content, path).not.toContain("\n[mcp_servers.x]");
      }
    });

    it(`${name}: its recipe pins what it installs, and ends as the ordinary user`, ({ expect }) => {
      const { dockerfile, version } = builtIn(name);
      expect(dockerfile.startsWith("ARG SBX_BASE\nFROM ${SBX_BASE}\n")).toBe(true);
      expect(dockerfile).toMatch(/^USER agent$/m);
      expect(dockerfile).not.toMatch(/<<|--mount|sudo|chmod [ug+]*s|@latest/);
      const installed = [...dockerfile.matchAll(/npm install --global \S+@(\S+)/g)].map((match) => match[1]);
      expect(installed).toEqual(name === "shell" || name === "kiro" ? [] : [version]);
    });
  }

  it("deny their telemetry even where everything is allowed", ({ expect }) => {
    const open = { id: "user:1", effect: "allow", to: "**", layer: "user" } as const;
    for (const [name, host] of [
      ["claude", "downloads.claude.ai"],
      ["codex", "ab.chatgpt.com"],
      ["cline", "data.cline.bot"],
      ["copilot", "telemetry.individual.githubcopilot.com"],
      ["gemini", "play.googleapis.com"],
      ["kiro", "client-telemetry.us-east-1.amazonaws.com"],
      ["qwen", "gb4w8c3ygj-default-sea.rum.aliyuncs.com"],
    ] as const) {
      const policy = compilePolicy([open, ...builtIn(name).rules]);
      expect(decide(policy, { kind: "name", name: host, port: 443 }).effect, host).toBe("deny");
      expect(decide(policy, { kind: "name", name: "example.org", port: 443 }).effect).toBe("allow");
    }
  });

  it("have these variables", ({ expect }) => {
    const facts = { workspace: "/w", placeholder: "KEY", placeholders: {}, modelUrl: "URL", mcpUrl: "http://mcp.test/" };
    const expected = { WORKSPACE_DIR: "/w", MCP_GATEWAY_URL: "http://mcp.test/mcp", MCP_SENTINEL_TOKEN_NAME: "proxy-managed" };
    const modes = {
      claude: "SBX_CRED_ANTHROPIC_MODE",
      cline: "SBX_CRED_ANTHROPIC_MODE",
      codex: "SBX_CRED_OPENAI_MODE",
      copilot: "SBX_CRED_OPENAI_MODE",
      gemini: "SBX_CRED_GOOGLE_MODE",
      opencode: "SBX_CRED_ANTHROPIC_MODE",
      pi: "SBX_CRED_ANTHROPIC_MODE",
      qwen: "SBX_CRED_QWEN_MODE",
    };
    const own = (name: string): Readonly<Record<string, string>> => {
      const all = builtIn(name).environment(facts);
      const mode: Readonly<Record<string, string>> = name in modes ? { [modes[name as keyof typeof modes]]: "apikey" } : {};
      expect(all).toMatchObject({ ...expected, ...mode });
      return Object.fromEntries(Object.entries(all).filter(([key]) => !Object.hasOwn({ ...expected, ...mode }, key)));
    };
    expect(Object.fromEntries(NAMES.map((name) => [name, own(name)]))).toEqual({
      claude: { ANTHROPIC_API_KEY: "KEY", ANTHROPIC_BASE_URL: "URL", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1", DISABLE_AUTOUPDATER: "1", DISABLE_ERROR_REPORTING: "1", DISABLE_TELEMETRY: "1" },
      cline: { ANTHROPIC_API_KEY: "KEY", CLINE_DISABLE_CLINE_PASS_NOTICE: "1", CLINE_NO_AUTO_UPDATE: "1" },
      codex: { OPENAI_API_KEY: "KEY" },
      copilot: {
        COPILOT_AUTO_UPDATE: "false",
        COPILOT_MODEL: "gpt-5.4",
        COPILOT_OFFLINE: "true",
        COPILOT_PROVIDER_API_KEY: "KEY",
        COPILOT_PROVIDER_BASE_URL: "URL/v1",
        COPILOT_PROVIDER_TYPE: "openai",
        COPILOT_PROVIDER_WIRE_API: "responses",
      },
      gemini: { GEMINI_API_KEY: "KEY", GEMINI_CLI_NO_RELAUNCH: "true", GOOGLE_GEMINI_BASE_URL: "URL" },
      kiro: {},
      opencode: {
        ANTHROPIC_API_KEY: "KEY",
        OPENCODE_DISABLE_AUTOUPDATE: "1",
        OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
        OPENCODE_DISABLE_MODELS_FETCH: "1",
        OPENCODE_DISABLE_PROJECT_CONFIG: "1",
        OPENCODE_DISABLE_SHARE: "1",
      },
      pi: { ANTHROPIC_API_KEY: "KEY", PI_OFFLINE: "1", PI_SKIP_VERSION_CHECK: "1", PI_TELEMETRY: "0" },
      qwen: { OPENAI_API_KEY: "KEY", OPENAI_BASE_URL: "URL/v1", OPENAI_MODEL: "qwen3-coder-plus", QWEN_CODE_SUPPRESS_YOLO_WARNING: "1", QWEN_USAGE_STATISTICS_ENABLED: "false" },
      shell: {},
    });
    expect(NAMES.map((name) => builtIn(name).service)).toEqual(["anthropic", "anthropic", "openai", "openai", "google", undefined, "anthropic", "anthropic", "qwen", undefined]);
  });

  it("claude: answers its first questions, for this workspace and this key only", ({ expect }) => {
    expect(JSON.parse(seeded("claude", ".claude.json"))).toEqual({
      hasCompletedOnboarding: true,
      customApiKeyResponses: { approved: [NASTY.placeholder.slice(-20)], rejected: [] },
      projects: { [NASTY.workspace]: { hasTrustDialogAccepted: true } },
      mcpServers: { sbx: { type: "http", url: NASTY.mcpUrl } },
    });
  });

  it("know the sandbox's MCP gateway, each in its own file", ({ expect }) => {
    const gateways = {
      claude: ".claude.json",
      cline: ".cline/data/settings/cline_mcp_settings.json",
      codex: ".codex/config.toml",
      copilot: ".copilot/mcp-config.json",
      gemini: ".gemini/settings.json",
      kiro: ".kiro/settings/mcp.json",
      opencode: ".config/opencode/opencode.json",
      qwen: ".qwen/settings.json",
    };
    for (const [name, path] of Object.entries(gateways)) expect(seeded(name, path), name).toContain(NASTY.mcpUrl);
  });

  it("codex: never trusts the workspace, whose settings name programs to run", ({ expect }) => {
    const config = seeded("codex", ".codex/config.toml");
    expect(config).toContain('base_url = "http://model.sbx.internal/anthropic/v1"');
    expect(config).not.toMatch(/trust_level|\[projects/);
  });
});
