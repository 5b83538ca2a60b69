import { MODEL_SERVICES, type ModelService } from "./model-services.ts";

/** Beginnings that the keys of much used services have. */
const PREFIXES = ["sk-", "sk_", "rk_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xapp-", "AKIA", "ASIA", "dckr_pat_", "eyJ"];
const SHORTEST_KEY = 12;
/** What is as long as this, has no dot and mixes digits with letters of both cases, or is all hexadecimal, was made by a machine. */
const SHORTEST_RANDOM = 20;
/** No name that a person gives is longer without a dot. */
const LONGEST_PLAIN = 40;

/** Whether text looks like a key itself, where a name was asked for: then it is not to be repeated or stored in the open. */
export function looksLikeKey(text: string): boolean {
  const known = [...PREFIXES, ...Object.values<ModelService>(MODEL_SERVICES).map(({ keyShape }) => keyShape.prefix)];
  if (text.length >= SHORTEST_KEY && known.some((prefix) => text.toLowerCase().startsWith(prefix.toLowerCase()))) return true;
  if (text.includes(".")) return false;
  const random = [/[a-z]/, /[A-Z]/, /\d/].every((kind) => kind.test(text)) || /^(?=.*\d)[0-9a-f]+$/i.test(text);
  return text.length > LONGEST_PLAIN || (text.length >= SHORTEST_RANDOM && random);
}
