/** Something that was not copied, and why, in a few words. */
export interface LeftOut {
  readonly path: string;
  readonly why: string;
}
