/**
 * @typedef {object} StepRecord
 * @property {string} name
 * @property {"ok" | "failed"} state
 * @property {number} ms
 * @property {string} note
 */

/**
 * Do named steps one after the other, say each with its time, and remember them for a table.
 *
 * @param {(text: string) => void} write
 * @param {{ now?: () => number, columns?: number }} [options] `now` in milliseconds; `columns` of the terminal, where what
 * a step is doing is shown in its last line.
 */
export function createSteps(write, { now = () => performance.now(), columns } = {}) {
  /** @type {StepRecord[]} */
  const records = [];
  let current = { name: "", from: 0 };
  const begin = columns === undefined ? "" : "\r\u001b[2K";

  /**
   * @template T
   * @param {string} name
   * @param {() => Promise<{ note?: string, value: T }>} work
   * @returns {Promise<T>}
   */
  async function step(name, work) {
    const from = now();
    current = { name, from };
    write(columns === undefined ? `  … ${name}\n` : `  … ${name}`);
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
    write(`${begin}  ${line(one)}\n`);
  }

  /** Show what the running step is doing. @param {string} text */
  function doing(text) {
    if (columns === undefined) return;
    // Output of other programs: nothing in it may move the cursor.
    const clean = text.replaceAll(/\p{C}+/gu, " ");
    write(`${begin}${`  … ${current.name} (${formatSeconds(now() - current.from)}) ${clean}`.slice(0, columns - 1)}`);
  }

  return {
    step,
    doing,
    records: () => /** @type {readonly StepRecord[]} */ (records),
  };
}

const MARKS = { ok: "✓", failed: "✗" };

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
