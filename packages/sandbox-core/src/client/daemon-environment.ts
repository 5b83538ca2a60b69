import type { Environment } from "./daemon-port.ts";

/** What the daemon needs: itself, the keychain's bus, the engine, the network's proxies and authorities, and the model keys that stay with it. */
const NAMES = new Set([
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "LANG",
  "LC_ALL",
  "TZ",
  "TMPDIR",
  "DBUS_SESSION_BUS_ADDRESS",
  "DOCKER_HOST",
  "DOCKER_CONTEXT",
  "DOCKER_CONFIG",
  "DOCKER_CERT_PATH",
  "DOCKER_TLS_VERIFY",
  "CONTAINER_HOST",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "all_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "ALL_PROXY",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NPM_CONFIG_REGISTRY",
  "npm_config_registry",
  "NPM_CONFIG_USERCONFIG",
  "ANTHROPIC_API_KEY",
  "CLAUDE_CODE_OAUTH_TOKEN",
  "OPENAI_API_KEY",
  "CODEX_API_KEY",
  "GEMINI_API_KEY",
  "GOOGLE_API_KEY",
  "DASHSCOPE_API_KEY",
  "OPENROUTER_API_KEY",
  "MISTRAL_API_KEY",
  "GROQ_API_KEY",
  "XAI_API_KEY",
]);
const PREFIXES = ["SBX_", "XDG_"];

/** Half of these threads look names up, each one name at a time: more than the two that a single sandbox may have looked up at once. */
export const DAEMON_THREADS: Readonly<Record<string, string>> = { UV_THREADPOOL_SIZE: "8" };

/** The part of an environment with which a daemon is started: nothing else of the terminal that came first lives on in it. */
export function daemonEnvironment(env: Environment): Record<string, string> {
  const own = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value !== undefined && (NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix))) ? [[name, value] as const] : [])),
  );
  return { ...own, ...DAEMON_THREADS };
}
