/** What one pod may use of the daemon at once. Beyond a limit its calls wait in the kernel; nobody else's do. */
export interface PodLimits {
  /** Open connections. An agent's package manager opens some 50, a browser some 200; each costs two descriptors and some 100 KiB. */
  readonly connections: number;
  /** Connections on which nothing has been decided yet: they cost the same and are cheap to make. */
  readonly undecided: number;
  /** Queries per second that a pod may keep up, and how many at once. A build that resolves every mirror asks some 100. */
  readonly queriesPerSecond: number;
  readonly queryBurst: number;
  /** New names per second and at once: each is written to disk before it is answered. */
  readonly namesPerSecond: number;
  readonly nameBurst: number;
  /** DNS connections over TCP at once; resolvers fall back to it for large answers, which we have none of. */
  readonly dnsConnections: number;
}

/** The limits of a pod for which no others are given; {@link PodLimits} says where the numbers come from. */
export const POD_LIMITS: PodLimits = {
  connections: 1024,
  undecided: 256,
  queriesPerSecond: 200,
  queryBurst: 400,
  namesPerSecond: 20,
  nameBurst: 256,
  dnsConnections: 16,
};

/** Descriptors that are never given to traffic: control sockets, databases, the engine, clients of the daemon. */
export const RESERVED_DESCRIPTORS = 256;
/** A connection through the wall has two ends. */
export const DESCRIPTORS_PER_CONNECTION = 2;
