import path from "node:path";
import type { Environment } from "../../context.ts";

/** The command that a client runs to reach the gateway. */
export interface GatewayCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** Where a client looks for files: the home, the environment and the kind of machine. */
export interface ClientWorld {
  readonly home: string;
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
}

/** A program on the host that can use MCP servers, and how it wants them written down. */
export interface ClientKind {
  readonly name: string;
  readonly title: string;
  /** Where people get it. */
  readonly site: string;
  /** Files for all of its person's work: the first that is there counts, else the first. */
  readonly global: (world: ClientWorld) => readonly string[];
  /** File for one project, relative to its top. */
  readonly project?: string;
  readonly form: "json" | "toml" | "yaml";
  /** Keys that lead to its table, or list, of servers. */
  readonly at: readonly string[];
  /** Whether its servers are a list whose items have a name. */
  readonly isList?: true;
  /** The gateway as one of its servers. */
  readonly entry: (gateway: GatewayCommand, scope: "global" | "project") => Readonly<Record<string, unknown>>;
}

const home =
  (...parts: readonly string[]) =>
  ({ home: top }: ClientWorld): readonly string[] => [path.join(top, ...parts)];

/** Below the directory in which programs with windows keep their settings. */
const settings =
  (linux: string, ...parts: readonly string[]) =>
  ({ home: top, env, platform }: ClientWorld): readonly string[] => {
    if (platform === "darwin") return [path.join(top, "Library", "Application Support", ...parts)];
    return [path.join(env["XDG_CONFIG_HOME"] ?? path.join(top, ".config"), linux, ...parts.slice(1))];
  };

const config = (...parts: readonly string[]) => settings(parts[0] ?? "", ...parts);
const inHomeConfig = ({ home: top, env }: ClientWorld, ...parts: readonly string[]): string => path.join(env["XDG_CONFIG_HOME"] ?? path.join(top, ".config"), ...parts);

const plain: ClientKind["entry"] = ({ command, args }) => ({ command, args });
const typed: ClientKind["entry"] = ({ command, args }) => ({ type: "stdio", command, args });
const servers = { form: "json", at: ["mcpServers"], entry: plain } as const;

/** The clients whose files are known, by the names that Docker's tools give them. */
export const CLIENT_KINDS: readonly ClientKind[] = [
  {
    ...servers,
    name: "claude-code",
    title: "Claude Code",
    site: "https://claude.com/product/claude-code",
    global: ({ home: top, env }) => [path.join(env["CLAUDE_CONFIG_DIR"] ?? top, ".claude.json")],
    project: ".mcp.json",
    entry: (gateway, scope) => (scope === "project" ? typed(gateway, scope) : plain(gateway, scope)),
  },
  { ...servers, name: "claude-desktop", title: "Claude Desktop", site: "https://claude.ai/download", global: settings("claude", "Claude", "claude_desktop_config.json") },
  {
    ...servers,
    name: "cline",
    title: "Cline",
    site: "https://cline.bot",
    global: settings("Code", "Code", "User", "globalStorage", "saoudrizwan.claude-dev", "settings", "cline_mcp_settings.json"),
  },
  {
    form: "toml",
    at: ["mcp_servers"],
    entry: plain,
    name: "codex",
    title: "Codex",
    site: "https://developers.openai.com/codex",
    global: ({ home: top, env }) => [path.join(env["CODEX_HOME"] ?? path.join(top, ".codex"), "config.toml")],
  },
  {
    form: "yaml",
    at: ["mcpServers"],
    isList: true,
    entry: ({ command, args }) => ({ name: SERVER_KEY, command, args }),
    name: "continue",
    title: "Continue.dev",
    site: "https://continue.dev",
    global: home(".continue", "config.yaml"),
  },
  {
    ...servers,
    name: "copilot",
    title: "GitHub Copilot CLI",
    site: "https://github.com/github/copilot-cli",
    global: ({ home: top, env }) => [path.join(env["COPILOT_HOME"] ?? path.join(top, ".copilot"), "mcp-config.json")],
    entry: ({ command, args }) => ({ type: "local", command, args, tools: ["*"] }),
  },
  {
    form: "json",
    at: ["mcp"],
    entry: typed,
    name: "crush",
    title: "Crush",
    site: "https://github.com/charmbracelet/crush",
    global: (world) => [inHomeConfig(world, "crush", "crush.json")],
    project: ".crush.json",
  },
  { ...servers, name: "cursor", title: "Cursor", site: "https://cursor.com", global: home(".cursor", "mcp.json"), project: ".cursor/mcp.json" },
  { ...servers, name: "gemini", title: "Gemini CLI", site: "https://geminicli.com", global: home(".gemini", "settings.json") },
  {
    form: "yaml",
    at: ["extensions"],
    entry: ({ command, args }) => ({
      name: SERVER_KEY,
      description: "Servers of the sbx MCP gateway",
      cmd: command,
      args,
      type: "stdio",
      enabled: true,
      timeout: 300,
      bundled: null,
      envs: {},
      env_keys: [],
    }),
    name: "goose",
    title: "Goose",
    site: "https://block.github.io/goose",
    global: (world) => [inHomeConfig(world, "goose", "config.yaml")],
  },
  { ...servers, name: "kiro", title: "Kiro", site: "https://kiro.dev", global: home(".kiro", "settings", "mcp.json"), project: ".kiro/settings/mcp.json" },
  {
    ...servers,
    name: "lmstudio",
    title: "LM Studio",
    site: "https://lmstudio.ai",
    global: ({ home: top }) => [path.join(top, ".cache", "lm-studio", "mcp.json"), path.join(top, ".lmstudio", "mcp.json")],
  },
  {
    form: "json",
    at: ["mcp"],
    entry: ({ command, args }) => ({ type: "local", command: [command, ...args], enabled: true }),
    name: "opencode",
    title: "OpenCode",
    site: "https://opencode.ai",
    global: (world) => [inHomeConfig(world, "opencode", "opencode.json"), inHomeConfig(world, "opencode", "opencode.jsonc")],
  },
  { ...servers, name: "qwen", title: "Qwen Code", site: "https://github.com/QwenLM/qwen-code", global: home(".qwen", "settings.json") },
  {
    ...servers,
    name: "sema4",
    title: "Sema4.ai Studio",
    site: "https://sema4.ai",
    global: home(".sema4ai", "sema4ai-studio", "mcp_servers.json"),
    entry: ({ command, args }) => ({ transport: "stdio", command, args }),
  },
  {
    form: "json",
    at: ["servers"],
    entry: typed,
    name: "vscode",
    title: "Visual Studio Code",
    site: "https://code.visualstudio.com",
    global: config("Code", "User", "mcp.json"),
    project: ".vscode/mcp.json",
  },
  {
    form: "json",
    at: ["context_servers"],
    entry: ({ command, args }) => ({ source: "custom", enabled: true, command, args }),
    name: "zed",
    title: "Zed",
    site: "https://zed.dev",
    global: (world) => [inHomeConfig(world, "zed", "settings.json")],
  },
];

/** How the gateway is called among a client's servers. */
export const SERVER_KEY = "sbx";
