import * as z from "zod";

const KitPlace = z.object({ kit: z.string(), path: z.string() });

/** Whether sbx provides one capability, and why not. */
export const CapabilityDecision = z.object({ accepted: z.boolean(), message: z.string().optional() });
export type CapabilityDecision = z.infer<typeof CapabilityDecision>;

/**
 * What was decided of one declaration of a Kit, in the format's own words: an entry, or a group, which is taken as a whole.
 * Paths are such as `capabilities[1].group.capabilities[0]`; `source` says of which Kit, by what a person named it by.
 */
export const SelectionEntry = z.object({
  path: z.string(),
  name: z.string().optional(),
  source: KitPlace,
  members: z.array(z.string()),
  /** Of each member, in the order of `members`, like `decisions`. */
  memberSources: z.array(KitPlace),
  rejected: z.array(z.string()).optional(),
  decisions: z.array(CapabilityDecision),
});
export type SelectionEntry = z.infer<typeof SelectionEntry>;

/** What was taken of a sandbox's Kits, and what was left out. */
export const Selection = z.object({ selected: z.array(SelectionEntry), skipped: z.array(SelectionEntry) });
export type Selection = z.infer<typeof Selection>;

const Texts = z.array(z.string()).optional();

/** What the Kits of a sandbox were granted together, in the format's own words; what is empty is absent. */
export const PermissionSurface = z.object({
  networkInstallAllow: Texts,
  networkInstallDeny: Texts,
  networkRuntimeAllow: Texts,
  networkRuntimeDeny: Texts,
  networkInstallHTTPAllow: Texts,
  networkInstallHTTPDeny: Texts,
  networkRuntimeHTTPAllow: Texts,
  networkRuntimeHTTPDeny: Texts,
  credentialsInstall: Texts,
  credentialsRuntime: Texts,
  storagePaths: Texts,
  hostMountPaths: Texts,
  skillsPaths: Texts,
  skillsWritePaths: Texts,
  ports: Texts,
  services: Texts,
});
export type PermissionSurface = z.infer<typeof PermissionSurface>;

/** What was decided of a sandbox's Kits when it was made, or made anew. */
export const SelectionView = z.object({ selection: Selection, surface: PermissionSurface });
export type SelectionView = z.infer<typeof SelectionView>;
