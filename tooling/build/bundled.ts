/** What a program's sources were put together to: files that lie in one directory, and what they were made from. */
export interface Bundle {
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Paths from the clone's root, ours and those of packages. */
  readonly inputs: readonly string[];
}

/** Puts the sources of one program together. `entry` is a path from `root`; `output` is where the files will lie. */
export type MakeBundle = (place: { readonly root: string; readonly entry: string; readonly output: string }) => Promise<Bundle>;
