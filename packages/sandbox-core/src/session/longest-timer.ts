/** Timers hold no longer time than this, in milliseconds. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
