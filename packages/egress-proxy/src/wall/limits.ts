/** How long and how much the wall waits for; milliseconds and bytes. */
export interface WallLimits {
  /** From the connection, or the end of the last answer, until a request head or ClientHello is whole. */
  readonly headMs: number;
  readonly headBytes: number;
  /** Between two requests of a kept connection. */
  readonly keepAliveMs: number;
  readonly resolveMs: number;
  /** For each address that is tried. */
  readonly dialMs: number;
  /** Without a byte in either direction. Model answers and terminals are silent for long. */
  readonly idleMs: number;
  /** Of a request to one of sbx's own services. */
  readonly bodyBytes: number;
}

/** The wall's limits where no others are given; milliseconds and bytes. */
export const DEFAULT_LIMITS: WallLimits = {
  headMs: 10_000,
  headBytes: 65_536,
  keepAliveMs: 60_000,
  resolveMs: 10_000,
  dialMs: 5_000,
  idleMs: 2 * 60 * 60 * 1000,
  bodyBytes: 64 * 1024 * 1024,
};
