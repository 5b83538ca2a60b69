import * as z from "zod";
import { SandboxRef } from "./ids.ts";
import { Done, Nothing } from "./plain-shapes.ts";
import { route } from "./route.ts";
import { SharedDirectory } from "./sandbox.ts";
import { HomePath, TemplateName, TemplateView } from "./template.ts";

/** The routes of what outlives a sandbox: templates, images, and directories that Kits share. */
export const templateApi = {
  /** Save what a sandbox is made of, and the paths of its home that are named. Refused with `NAME_TAKEN` unless `replace`. */
  saveTemplate: route({
    method: "POST",
    path: "/v1/templates",
    request: z.strictObject({ sandbox: SandboxRef, name: TemplateName, home: z.array(HomePath).max(100).default([]), replace: z.boolean().default(false), operation: z.string().max(64).optional() }),
    response: TemplateView,
  }),
  listTemplates: route({ method: "GET", path: "/v1/templates", request: Nothing, response: z.array(TemplateView) }),
  /** Refused with `SANDBOX_BUSY` while a sandbox is made of it. */
  removeTemplate: route({ method: "DELETE", path: "/v1/templates/{template}", request: z.strictObject({ template: TemplateName }), response: Done }),
  /** Remove images of sbx that no sandbox and no template needs; those of agents only where they are older than `olderThanMs`. Gives their names. */
  pruneImages: route({
    method: "POST",
    path: "/v1/images/prune",
    request: z.strictObject({ olderThanMs: z.number().int().min(0).optional(), dryRun: z.boolean().default(false) }),
    response: z.object({ images: z.array(z.string()) }),
  }),
  listShared: route({ method: "GET", path: "/v1/shared", request: Nothing, response: z.array(SharedDirectory) }),
  /** With all that is in it. Refused with `SANDBOX_BUSY` while a sandbox has it. */
  removeShared: route({ method: "DELETE", path: "/v1/shared/{id}", request: z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/) }), response: Done }),
} as const;
