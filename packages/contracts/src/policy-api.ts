import * as z from "zod";
import { SandboxRef } from "./ids.ts";
import { Done } from "./plain-shapes.ts";
import { Decision, Destination, DestinationPattern, Rule, RuleEffect } from "./policy.ts";
import { route } from "./route.ts";
import { ServerName } from "./server.ts";

/** The routes of rules for destinations. */
export const policyApi = {
  listRules: route({ method: "GET", path: "/v1/policy/rules", request: z.strictObject({ sandbox: SandboxRef.optional(), server: ServerName.optional() }), response: z.array(Rule) }),
  /** Without `sandbox` and `server` the rule is the user's: it holds for all sandboxes, and a denial for all servers too. */
  addRule: route({
    method: "POST",
    path: "/v1/policy/rules",
    request: z.strictObject({ effect: RuleEffect, to: DestinationPattern, sandbox: SandboxRef.optional(), server: ServerName.optional(), note: z.string().max(300).optional() }),
    response: Rule,
  }),
  removeRule: route({
    method: "DELETE",
    path: "/v1/policy/rules/{rule}",
    request: z.strictObject({ rule: z.string(), sandbox: SandboxRef.optional(), server: ServerName.optional() }),
    response: Done,
  }),
  checkPolicy: route({
    method: "POST",
    path: "/v1/policy/check",
    request: z.strictObject({ destination: Destination, sandbox: SandboxRef.optional(), agent: z.string().optional() }),
    response: Decision,
  }),
} as const;
