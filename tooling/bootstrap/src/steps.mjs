/**
 * @typedef {object} StepRecord
 * @property {string} name
 * @property {"ok" | "failed" | "skipped"} state
 * @property {number} ms
 * @property {string} note
 */

/**
 * Do named steps one after the other, say each with its time, and remember them for a table.
 *
 * @param {(text: string) => void} write
 * @param {() => number} [now] Milliseconds.
 */
export function createSteps(write, now = () => performance.now()) {
  /** @type {StepRecord[]} */
  const records = [];

  /**
   * @template T
   * @param {string} name
   * @param {() => Promise<{ note?: string, value: T }>} work
   * @returns {Promise<T>}
   */
  async function step(name, work) {
    write(`  … ${name}\n`);
    const from = now();
    try {
      const { note = "", value } = await work();
      record({ name, state: "ok", ms: now() - from, note });
      return value;
    } catch (error) {
      const note = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
      record({ name, state: "failed", ms: now() - from, note });
      throw error;
    }
  }

  /** @param {StepRecord} one */
  function record(one) {
    records.push(one);
    write(`  ${line(one)}\n`);
  }

  return {
    step,
    /** @param {string} name @param {string} note */
    skip: (name, note) => { record({ name, state: "skipped", ms: 0, note }); },
    records: () => /** @type {readonly StepRecord[]} */ (records),
  };
}

const MARKS = { ok: "✓", failed: "✗", skipped: "-" };

/** @param {StepRecord} record */
function line({ name, state, ms, note }) {
  return `${MARKS[state]} ${name}${note === "" ? "" : `: ${note}`} (${formatSeconds(ms)})`;
}

/**
 * A table of the steps and their times, with the sum below.
 *
 * @param {readonly StepRecord[]} records
 * @returns {string}
 */
export function stepTable(records) {
  const width = Math.max(5, ...records.map(({ name }) => name.length));
  const rows = records.map(({ name, state, ms }) => `  ${name.padEnd(width)}  ${state.padEnd(7)}  ${formatSeconds(ms).padStart(8)}`);
  const total = records.reduce((sum, { ms }) => sum + ms, 0);
  return [`  ${"step".padEnd(width)}  ${"".padEnd(7)}  ${"time".padStart(8)}`, ...rows, `  ${"total".padEnd(width)}  ${"".padEnd(7)}  ${formatSeconds(total).padStart(8)}`].join("\n");
}

/** @param {number} ms */
function formatSeconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}
