import * as z from "zod";
import { SandboxName, SandboxRef } from "./ids.ts";
import { Done, Nothing, OfSandbox } from "./plain-shapes.ts";
import { LoopbackAddress, PublishedPortView, PublishPort } from "./port.ts";
import { route } from "./route.ts";
import { OfPath, PathView } from "./sandbox-path.ts";
import { CreateSandbox, RecreateSandbox, Sandbox, WorkspaceReport } from "./sandbox.ts";
import { SelectionView } from "./selection.ts";
import { SandboxStats } from "./stats.ts";
import { PackageName } from "./template.ts";

/** The routes of sandboxes: their lives, paths, ports and packages. */
export const sandboxApi = {
  /**
   * Find or make the sandbox and start it. Progress goes to the event stream as `sandbox.progress` with `operation`.
   * With `fresh` one is made in any case; `NAME_TAKEN` when there is one of this name.
   */
  createSandbox: route({
    method: "POST",
    path: "/v1/sandboxes",
    request: z.strictObject({ ...CreateSandbox.shape, operation: z.string().max(64).optional(), fresh: z.boolean().default(false) }),
    response: z.object({ sandbox: Sandbox, joined: z.boolean() }),
  }),
  listSandboxes: route({ method: "GET", path: "/v1/sandboxes", request: Nothing, response: z.array(Sandbox) }),
  /** Of one sandbox, or of all; with `limits` also how often those were met. */
  sandboxStats: route({ method: "GET", path: "/v1/stats", request: z.strictObject({ sandbox: SandboxRef.optional(), limits: z.stringbool().optional() }), response: z.array(SandboxStats) }),
  inspectSandbox: route({ method: "GET", path: "/v1/sandboxes/{sandbox}", request: OfSandbox, response: Sandbox }),
  startSandbox: route({ method: "POST", path: "/v1/sandboxes/{sandbox}/start", request: OfSandbox, response: Sandbox }),
  stopSandbox: route({ method: "POST", path: "/v1/sandboxes/{sandbox}/stop", request: OfSandbox, response: Sandbox }),
  /**
   * Make it anew of its Kits as they are now, or of others: its containers, home and what its hooks installed go, and its name, rules and
   * the volumes of Kits stay. Refused before anything is changed where a volume that it has is asked for otherwise (`KIT_CONFLICT`), and
   * while a session runs, unless `force` (`SANDBOX_BUSY`).
   */
  recreateSandbox: route({
    method: "POST",
    path: "/v1/sandboxes/{sandbox}/recreate",
    request: z.strictObject({ sandbox: SandboxRef, ...RecreateSandbox.shape, force: z.boolean().default(false), operation: z.string().max(64).optional() }),
    response: Sandbox,
  }),
  inspectSelection: route({ method: "GET", path: "/v1/sandboxes/{sandbox}/selection", request: OfSandbox, response: SelectionView }),
  /** Refused with `NAME_TAKEN` where another has it. What runs goes on. */
  renameSandbox: route({ method: "POST", path: "/v1/sandboxes/{sandbox}/rename", request: z.strictObject({ sandbox: SandboxRef, name: SandboxName }), response: Sandbox }),
  /** Refused with `SANDBOX_BUSY` while a session runs, unless `force`. */
  removeSandbox: route({ method: "DELETE", path: "/v1/sandboxes/{sandbox}", request: z.strictObject({ sandbox: SandboxRef, force: z.stringbool().default(false) }), response: Done }),
  /** What lies at a path; starts the sandbox. */
  inspectPath: route({ method: "GET", path: "/v1/sandboxes/{sandbox}/path", request: OfPath, response: PathView }),
  listPorts: route({ method: "GET", path: "/v1/sandboxes/{sandbox}/ports", request: OfSandbox, response: z.array(PublishedPortView) }),
  /** Until it is taken back or the sandbox stops. Refused with `PORT_TAKEN` where another has it. */
  publishPort: route({ method: "POST", path: "/v1/sandboxes/{sandbox}/ports", request: z.strictObject({ sandbox: SandboxRef, ...PublishPort.shape }), response: PublishedPortView }),
  unpublishPort: route({
    method: "DELETE",
    path: "/v1/sandboxes/{sandbox}/ports/{hostPort}",
    request: z.strictObject({ sandbox: SandboxRef, hostPort: z.coerce.number().int().min(1).max(65_535), hostIp: LoopbackAddress.default("127.0.0.1") }),
    response: Done,
  }),
  /**
   * Put packages of the system into the sandbox's image. One in which no session runs is started anew with them; otherwise
   * they are `pending` until its next start. Rejects with `PACKAGE_UNKNOWN`, `BUILD_FAILED`.
   */
  installPackages: route({
    method: "POST",
    path: "/v1/sandboxes/{sandbox}/packages",
    request: z.strictObject({ sandbox: SandboxRef, packages: z.array(PackageName).min(1).max(100), operation: z.string().max(64).optional() }),
    response: z.object({ sandbox: Sandbox, pending: z.boolean() }),
  }),
  reportWorkspace: route({ method: "GET", path: "/v1/sandboxes/{sandbox}/report", request: OfSandbox, response: WorkspaceReport }),
} as const;
