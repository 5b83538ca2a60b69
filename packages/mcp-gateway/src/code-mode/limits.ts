/** What one run of a script may use. Times in milliseconds. */
export interface CodeModeLimits {
  /** The whole run, the time of its tools included. */
  readonly wallMs: number;
  /** The script's own computing, without waiting for tools. */
  readonly cpuMs: number;
  /** Memory of the script's values. The machine's whole memory ends 16 MiB above it. */
  readonly memoryBytes: number;
  readonly scriptBytes: number;
  /** Calls of tools, in all and at one time; calls above the second number wait their turn. */
  readonly calls: number;
  readonly parallelCalls: number;
  /** Arguments of one call, as JSON, and how deep they nest. */
  readonly argumentBytes: number;
  readonly argumentDepth: number;
  /** Text that one call gives to the script. */
  readonly answerBytes: number;
  /** Text that the script returns. */
  readonly resultBytes: number;
  /** Characters that `console` keeps; what comes later is counted and dropped. */
  readonly consoleCharacters: number;
}

/** Enough for a script that works through a few hundred results of tools; none of it lets one script slow the gateway down. */
export const CODE_MODE_LIMITS: CodeModeLimits = {
  wallMs: 120_000,
  cpuMs: 10_000,
  memoryBytes: 64 << 20,
  scriptBytes: 256 << 10,
  calls: 200,
  parallelCalls: 8,
  argumentBytes: 1 << 20,
  argumentDepth: 64,
  answerBytes: 4 << 20,
  resultBytes: 1 << 20,
  consoleCharacters: 64 << 10,
};
