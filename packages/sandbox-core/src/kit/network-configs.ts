import * as z from "zod";
import { HostPatternText } from "./kit-text.ts";
import { strictShape } from "./strict-shape.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "ANY"] as const;
const MAX_ENTRIES = 1000;

const Hosts = z.array(HostPatternText).max(MAX_ENTRIES).default([]);
const Phase = strictShape({ allow: Hosts, deny: Hosts });

/** Config of network-policy@1: hosts for the time of the install hooks, and for that of the agent. */
export const NetworkPolicy = strictShape({ install: Phase.optional(), runtime: Phase.optional() });

const distinct = (items: readonly unknown[]): boolean => new Set(items).size === items.length;

/** Hosts of which only some requests are meant. Without methods it means all of them. */
const BoundedEntry = strictShape({
  hosts: z.array(HostPatternText).min(1).max(MAX_ENTRIES),
  methods: z
    .array(z.enum(METHODS, { error: `a method in capitals: ${METHODS.join(", ")}` }))
    .min(1)
    .refine(distinct, "each method once")
    .refine((methods) => !methods.includes("ANY") || methods.length === 1, "ANY stands alone")
    .optional(),
  paths: z.array(z.string().max(2000).regex(/^\//, "a path that begins with a slash")).min(1).refine(distinct, "each path once").optional(),
}).refine(({ methods, paths }) => paths === undefined || methods !== undefined, "paths need methods");
export type BoundedEntry = z.output<typeof BoundedEntry>;

const Entry = z.union([HostPatternText, BoundedEntry]);
const RequestPhase = strictShape({
  allow: z
    .array(Entry)
    .max(MAX_ENTRIES)
    .default([])
    .refine(
      (entries) => entries.every((entry) => typeof entry === "string" || entry.methods === undefined || !entry.hosts.some((host) => /^\*{1,2}(?::|$)/.test(host))),
      "requests are named for hosts, not for all of them",
    ),
  deny: z.array(Entry).max(MAX_ENTRIES).default([]),
});

/** Config of network-policy@2: the same, where an entry may name methods and paths of HTTP too. */
export const RequestPolicy = strictShape({ install: RequestPhase.optional(), runtime: RequestPhase.optional() });
