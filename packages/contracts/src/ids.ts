import * as z from "zod";

/** `sbx_` and eight of `[a-z0-9]`. */
export const SandboxId = z
  .string()
  .regex(/^sbx_[a-z0-9]{8}$/)
  .brand("SandboxId");
export type SandboxId = z.infer<typeof SandboxId>;

/** `mcp_` and eight of `[a-z0-9]`: an MCP server that runs, or is installed, in a pod of its own. */
export const ServerPodId = z
  .string()
  .regex(/^mcp_[a-z0-9]{8}$/)
  .brand("ServerPodId");
export type ServerPodId = z.infer<typeof ServerPodId>;

/** `ctr_` and eight of `[a-z0-9]`: a container that an agent started. */
export const ContainerPodId = z
  .string()
  .regex(/^ctr_[a-z0-9]{8}$/)
  .brand("ContainerPodId");
export type ContainerPodId = z.infer<typeof ContainerPodId>;

/** Whatever has a network namespace, a gate and a policy of its own: a sandbox, a server, or a container of an agent's. */
export const PodId = z.union([SandboxId, ServerPodId, ContainerPodId]);
export type PodId = z.infer<typeof PodId>;

/** Whether a pod is a sandbox: of all pods only these are given sbx's own services. */
export function isSandboxId(pod: PodId): pod is SandboxId {
  return SandboxId.safeParse(pod).success;
}

/** `ses_` and eight of `[a-z0-9]`. */
export const SessionId = z
  .string()
  .regex(/^ses_[a-z0-9]{8}$/)
  .brand("SessionId");
export type SessionId = z.infer<typeof SessionId>;

/** What a person may call a sandbox: 2 to 63 of letters, digits, `-`, `.`, `_`, beginning with a letter or digit. */
export const SandboxName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/, "a name has 2 to 63 letters, digits, dots, dashes or underscores and begins with a letter or digit");
export type SandboxName = z.infer<typeof SandboxName>;

/** Where a caller may name a sandbox: its id or its name. */
export const SandboxRef = z.string().min(1).max(63);
