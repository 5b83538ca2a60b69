import { relative, sep } from "node:path";

/** More failed files than this are no accident. */
const MOST = 3;

/**
 * The failed files that are run a second time, alone: of the whole flows, which start programs of others that keep
 * clocks of their own, and never for more than a few of them. Nothing else is tried twice: a hole that opens once in a hundred
 * runs is a hole, and so a failed attack fails the run.
 *
 * @param {string} root Absolute path of the clone.
 * @param {readonly string[]} failed Absolute paths of the files in which something failed.
 * @returns {string[]} Paths below `root`; none where the failure stands.
 */
export function secondTries(root, failed) {
  const files = failed.map((file) => relative(root, file));
  const flows = files.every((file) => file.startsWith(["tooling", "e2e", ""].join(sep)));
  return flows && files.length <= MOST ? files : [];
}
