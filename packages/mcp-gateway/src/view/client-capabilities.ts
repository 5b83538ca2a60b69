import { member, type JsonObject } from "../jsonrpc/json.ts";
import type { ScopeMember } from "../scope-member.ts";

/** What a server is told that it may ask: what at least one session of the scope can do, and policy lets through. */
export function clientCapabilities(members: Iterable<ScopeMember>, sampling: "refuse" | "forward"): JsonObject {
  const all = [...members].map(({ capabilities }) => capabilities);
  const elicitation = all.map((one) => member(one, "elicitation")).filter((one) => one !== undefined);
  const samplings = sampling === "forward" ? all.map((one) => member(one, "sampling")).filter((one) => one !== undefined) : [];
  return {
    ...(all.some((one) => member(one, "roots") !== undefined) ? { roots: { listChanged: true } } : {}),
    ...(elicitation.length > 0 ? { elicitation: questions(elicitation) } : {}),
    ...(samplings.length > 0 ? { sampling: samplings.every((one) => member(one, "tools") !== undefined) ? { tools: {} } : {} } : {}),
  };
}

function questions(declared: readonly JsonObject[]): JsonObject {
  return { ...(declared.some(takesForms) ? { form: {} } : {}), ...(declared.some((one) => member(one, "url") !== undefined) ? { url: {} } : {}) };
}

/** What the gateway makes use of, of what a client said that it can do. It may have said anything beside it, and of any size. */
export function usedCapabilities(declared: JsonObject): JsonObject {
  const elicitation = member(declared, "elicitation");
  const sampling = member(declared, "sampling");
  return {
    ...(member(declared, "roots") === undefined ? {} : { roots: {} }),
    ...(elicitation === undefined ? {} : { elicitation: declaredOf(elicitation, ["form", "url"]) }),
    ...(sampling === undefined ? {} : { sampling: declaredOf(sampling, ["tools"]) }),
  };
}

function declaredOf(capability: JsonObject, parts: readonly string[]): JsonObject {
  return Object.fromEntries(parts.filter((part) => member(capability, part) !== undefined).map((part) => [part, {}]));
}

/** An empty object means forms: so clients of revision 2025-06-18 say it. */
export function takesForms(elicitation: JsonObject): boolean {
  return member(elicitation, "form") !== undefined || member(elicitation, "url") === undefined;
}
