/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Tally
 */

/**
 * Count what a run of vitest's JSON reporter says. A file that could not be loaded counts as one failure, so does a run
 * that failed without any failed test, or left no report.
 *
 * @param {string | undefined} report Text of the report, if there is one.
 * @param {number} exitCode
 * @returns {Tally}
 */
export function tallyOf(report, exitCode) {
  const tally = report === undefined ? undefined : parse(report);
  if (tally === undefined) return { passed: 0, failed: 1, skipped: 0 };
  return exitCode !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

/**
 * @param {string} report
 * @returns {Tally | undefined}
 */
function parse(report) {
  /** @type {unknown} */
  let document;
  try {
    document = JSON.parse(report);
  } catch {
    return undefined;
  }
  const files = Object(document).testResults;
  if (!Array.isArray(files)) return undefined;
  const tally = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    const { status, assertionResults } = Object(file);
    const states = (Array.isArray(assertionResults) ? assertionResults : []).map((one) => Object(one).status);
    const failed = states.filter((state) => state === "failed").length;
    tally.passed += states.filter((state) => state === "passed").length;
    tally.failed += failed === 0 && status === "failed" ? 1 : failed;
    tally.skipped += states.filter((state) => state !== "passed" && state !== "failed").length;
  }
  return tally;
}

/** @param {readonly Tally[]} tallies @returns {Tally} */
export function sum(tallies) {
  return tallies.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }), { passed: 0, failed: 0, skipped: 0 });
}

/** @param {Tally} tally */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
