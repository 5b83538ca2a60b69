import type { Dialect } from "@sbx/secret-injector";

interface Call {
  readonly methods: readonly string[];
  /** Of the whole path, without the query. */
  readonly path: RegExp;
}

/**
 * All that a key is put on: asking a model, and asking what models there are. Files, batches, fine-tuning and the
 * account's own administration are the person's, not the agent's. `/v1` may be part of the upstream's address instead.
 */
const ALLOWED: Readonly<Record<Dialect, readonly Call[]>> = {
  anthropic: [
    { methods: ["POST"], path: /^(?:\/v1)?\/messages(?:\/count_tokens)?$/ },
    { methods: ["GET"], path: /^(?:\/v1)?\/models(?:\/[\w.:@-]+)?$/ },
    // Whether the provider is there, which Claude Code asks at its start.
    { methods: ["GET", "HEAD"], path: /^\/api\/hello$/ },
  ],
  openai: [
    // Codex has a long conversation shortened by the second.
    { methods: ["POST"], path: /^(?:\/v1)?\/responses(?:\/compact)?$/ },
    { methods: ["POST"], path: /^(?:\/v1)?\/chat\/completions$/ },
    { methods: ["GET"], path: /^(?:\/v1)?\/models(?:\/[\w.:@-]+)?$/ },
  ],
  google: [
    { methods: ["POST"], path: /^\/v1(?:beta)?\/models\/[\w.-]+:(?:generateContent|streamGenerateContent|countTokens)$/ },
    { methods: ["GET"], path: /^\/v1beta\/models(?:\/[\w.-]+)?$/ },
  ],
};

/** Whether a request may carry the person's key. `path` is one that `readModelPath` wrote; its query does not count. */
export function isAllowedCall(dialect: Dialect, method: string, path: string): boolean {
  const [pathname = ""] = path.split("?");
  return ALLOWED[dialect].some((call) => call.methods.includes(method) && call.path.test(pathname));
}
