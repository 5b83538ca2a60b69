import type { ToolInterceptor } from "../ports.ts";
import { createSecretFinder, type FindSecrets } from "./find-secrets.ts";
import { placeSecrets, redact } from "./redact.ts";
import { redactLarge } from "./redact-large.ts";
import { failedResult, type ToolResult } from "./tool-call.ts";

const MOST_NAMED = 10;

/**
 * Refuse calls whose arguments hold a secret, and take secrets out of results, prompts and resources.
 *
 * Only the kind of a secret is ever told. A result loses the secret and nothing else, so that the work can go on.
 */
export function blockSecrets(find: FindSecrets = createSecretFinder()): ToolInterceptor {
  const results = redactResults(find);
  return {
    takesLarge: true,
    answer: (answer) => redactAnswer(answer, find),
    around: async (call, context) => {
      const found = [...placeSecrets(call.arguments, find), ...placeSecrets(call._meta ?? {}, find)];
      if (found.length === 0) return results.around(call, context);
      const kinds = found.slice(0, MOST_NAMED).map(({ rule, place }) => `${rule} in ${place}`);
      return failedResult(
        `The call of '${call.name}' was not made: its arguments hold what looks like a secret (${kinds.join(", ")}). Leave it out; servers get their secrets from the person's vault.`,
      );
    },
  };
}

/** Take secrets out of results alone: for what has no arguments, and for what hooks put in a result's place. */
export function redactResults(find: FindSecrets = createSecretFinder()): ToolInterceptor {
  return {
    takesLarge: true,
    around: async (call, { next }) => {
      const result = await next(call);
      const small = redact(result, find);
      const { value, rules: inLarge } = await redactLarge(small.value, find);
      const rules = [...small.rules, ...inLarge];
      if (rules.length === 0) return result;
      // The same value with other texts in it.
      const clean = value as ToolResult;
      return { ...clean, content: [...clean.content, { type: "text", text: secretsNote(rules) }] };
    },
  };
}

/** Tell a model that something is missing, and why. */
function secretsNote(rules: readonly string[]): string {
  const kinds = [...new Set(rules)].slice(0, MOST_NAMED).join(", ");
  return `Note: ${rules.length === 1 ? "a secret was" : `${rules.length} secrets were`} removed from this result (${kinds}).`;
}

/** Take secrets out of an answer that is no result of a tool. The answer itself where there are none. */
function redactAnswer<Answer extends object>(answer: Answer, find: FindSecrets): Answer {
  const { value, rules } = redact(answer, find);
  // The same value with other texts in it.
  return rules.length === 0 ? answer : (value as Answer);
}
