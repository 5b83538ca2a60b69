import * as z from "zod";

/** What was installed once of one exact version, so that every later installation can be held to it. */
export const PackageLock = z.strictObject({
  version: z.literal(1),
  kind: z.enum(["npm", "pypi", "bundle"]),
  package: z.string(),
  packageVersion: z.string(),
  architecture: z.string(),
  /** Where it came from. */
  index: z.string(),
  /** Hash of the package's own file, as its index names it. */
  integrity: z.string(),
  /** Every package of the tree with its version and hash, in the form that its client reads again. */
  resolved: z.string(),
  /** SHA-256 over all files of the installed tree, in hex. */
  tree: z.string().regex(/^[0-9a-f]{64}$/),
  programs: z.array(z.string()),
  /** Program that is meant when nobody says. */
  main: z.string(),
  /** What runs it, for a bundle. */
  runtime: z.enum(["node", "python", "binary"]).optional(),
  /** The engine's volume that holds the tree, and the image that it was installed with. */
  volume: z.string(),
  image: z.string(),
  installedAt: z.iso.datetime(),
});
export type PackageLock = z.infer<typeof PackageLock>;
