/** Which agent the demonstration runs: the one whose provider's key is at hand, else Claude Code with the scripted model. */
export function chooseAgent(environment: Readonly<Record<string, string | undefined>>): { readonly agent: string; readonly model: string } {
  const has = (...names: readonly string[]): boolean => names.some((name) => (environment[name] ?? "") !== "");
  if (has("ANTHROPIC_API_KEY")) return { agent: "claude", model: "Anthropic, with the key of your environment" };
  if (has("OPENAI_API_KEY")) return { agent: "codex", model: "OpenAI, with the key of your environment" };
  if (has("GEMINI_API_KEY", "GOOGLE_API_KEY")) return { agent: "gemini", model: "Google Gemini, with the key of your environment" };
  return { agent: "claude", model: "the bundled scripted one (no API key in the environment)" };
}

/** Arguments that make each agent do one task without a terminal. */
export function taskArguments(agent: string, prompt: string): readonly string[] {
  if (agent === "codex") return [prompt];
  return ["-p", prompt];
}
