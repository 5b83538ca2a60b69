/** The suite's scenarios for clients that are run: those in which the gateway is a client of a remote server of a revision with sessions. */
export const CLIENT_SCENARIOS = ["initialize", "tools_call", "sse-retry", "elicitation-sep1034-client-defaults", "json-schema-2020-12-preservation"] as const;

/** The others, and why they are not. */
export const NOT_RUN: readonly { readonly scenarios: RegExp; readonly because: string }[] = [
  { scenarios: /^auth\//, because: "signing in at remote servers is not part of this version: a header with a secret of the vault is" },
  {
    scenarios: /^(?:request-metadata|http-(?:standard|custom|invalid-tool)-headers|json-schema-ref-no-deref|sep-2322-client-request-state)$/,
    because: "the suite has it for revision 2026-07-28 alone, which the gateway does not speak yet",
  },
  { scenarios: /^sep-2640-/, because: "the suite has it for an extension that no revision requires" },
];
