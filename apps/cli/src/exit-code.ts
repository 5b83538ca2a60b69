/**
 * Exit codes of our own. Every other code is that of the agent or the command in the sandbox.
 *
 * 125 and up follow what container tools do: 126 and 127 come from inside (cannot be run, not found).
 */
export const EXIT = {
  done: 0,
  /** An answer that is a no: `policy check` of what is denied, `doctor` with a failure. */
  no: 1,
  usage: 2,
  failed: 125,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;
