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
  const files = filesOf(report);
  if (files === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const tally = tallyOfFiles(files);
  return exitCode !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

/**
 * Count a run of which some files were run again and passed: those as they went the second time, all others as the first.
 *
 * @param {string | undefined} first Text of the report of the whole run.
 * @param {string | undefined} second Text of the report of what was run again.
 * @param {readonly string[]} again Ends of the paths of those files.
 * @returns {Tally}
 */
export function tallyOfTries(first, second, again) {
  const others = (filesOf(first) ?? []).filter(({ name }) => !again.some((file) => String(name).endsWith(file)));
  const tried = filesOf(second);
  return tried === undefined ? { passed: 0, failed: 1, skipped: 0 } : tallyOfFiles([...others, ...tried]);
}

/**
 * The files of a run in which something failed.
 *
 * @param {string | undefined} report Text of vitest's JSON report, if there is one.
 * @returns {string[]} Absolute paths; none where there is no report to read.
 */
export function failedFiles(report) {
  const failed = (filesOf(report) ?? []).filter(({ status }) => status === "failed");
  return failed.map(({ name }) => String(name));
}

/** @typedef {{ name: unknown, status: unknown, states: unknown[] }} FileReport */

/**
 * @param {string | undefined} report
 * @returns {FileReport[] | undefined}
 */
function filesOf(report) {
  /** @type {unknown} */
  let document;
  try {
    document = JSON.parse(report ?? "");
  } catch {
    return undefined;
  }
  const files = Object(document).testResults;
  if (!Array.isArray(files)) return undefined;
  return files.map((file) => {
    const { name, status, assertionResults } = Object(file);
    return { name, status, states: (Array.isArray(assertionResults) ? assertionResults : []).map((one) => Object(one).status) };
  });
}

/** @param {readonly FileReport[]} files @returns {Tally} */
function tallyOfFiles(files) {
  const tally = { passed: 0, failed: 0, skipped: 0 };
  for (const { status, states } of files) {
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
