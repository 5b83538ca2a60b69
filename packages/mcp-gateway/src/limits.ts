/** What bounds the gateway. Times in milliseconds; every number is a maximum unless it says otherwise. */
export interface GatewayLimits {
  /** Body of one request of a client. */
  readonly bodyBytes: number;
  /** Time for a client to send a request's body. */
  readonly bodyMs: number;
  readonly sessionsPerScope: number;
  readonly sessions: number;
  /** A session without a request and without an open stream ends after so long. */
  readonly sessionIdleMs: number;
  /** Streams that a session may hold open for messages without a request. */
  readonly streamsPerSession: number;
  /** Events kept for a client that lost its connection, per session, and their bytes, also for all sessions of a scope. */
  readonly keptEvents: number;
  readonly keptBytes: number;
  readonly scopeKeptBytes: number;
  /** What a client may leave unread before its connection is dropped; what was kept can be fetched again. */
  readonly unreadBytes: number;
  /** Unanswered requests, each way, per session and per server. */
  readonly inFlight: number;
  /** One message of a server. */
  readonly messageBytes: number;
  /** One result of a server whose large texts are put aside in files, and all that may be put aside for one scope and for all. */
  readonly largeBytes: number;
  readonly scopeAsideBytes: number;
  readonly allAsideBytes: number;
  /** Large messages that are being read, or wait for a client to read them: of one scope, and of all. */
  readonly scopeBytes: number;
  readonly allBytes: number;
  /** Lines that a server may write per second before it is read more slowly. */
  readonly linesPerSecond: number;
  /** Pages and items that a server's list may have, and what it may take in memory. */
  readonly listPages: number;
  readonly listItems: number;
  readonly listBytes: number;
  /** Time to bring what a server is made of, before it is started for the first time. */
  readonly prepareMs: number;
  /** Time to start a server until it has said what it offers. */
  readonly startMs: number;
  /** Time that a list waits for servers of which nothing is known yet. */
  readonly listWaitMs: number;
  /** Time for an answer, prolonged by progress, and in any case. */
  readonly callMs: number;
  readonly callMaxMs: number;
  /** Time for a client to answer a question of a server: a person may be reading it. */
  readonly questionMs: number;
  /** Time for a client that was told of new tools to ask for them; one that does not is not waited for again. */
  readonly asksAgainMs: number;
  /** A server without a call stops after so long. */
  readonly serverIdleMs: number;
  readonly serversPerScope: number;
  readonly servers: number;
  /** First and longest wait before a failed server is started again. */
  readonly backOffMs: number;
  readonly backOffMaxMs: number;
  /** Changes of lists within so long are told as one. */
  readonly coalesceMs: number;
}

const MIB = 1024 * 1024;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Limits that hold unless the composition says otherwise. */
export const GATEWAY_LIMITS: GatewayLimits = {
  bodyBytes: 4 * MIB,
  bodyMs: 30 * SECOND,
  sessionsPerScope: 64,
  sessions: 1024,
  sessionIdleMs: 60 * MINUTE,
  streamsPerSession: 4,
  keptEvents: 512,
  keptBytes: 4 * MIB,
  scopeKeptBytes: 32 * MIB,
  unreadBytes: 8 * MIB,
  inFlight: 256,
  messageBytes: 32 * MIB,
  largeBytes: 256 * MIB,
  scopeAsideBytes: 1024 * MIB,
  allAsideBytes: 4096 * MIB,
  scopeBytes: 128 * MIB,
  allBytes: 512 * MIB,
  linesPerSecond: 2000,
  listPages: 100,
  listItems: 5000,
  listBytes: 8 * MIB,
  prepareMs: 15 * MINUTE,
  startMs: 60 * SECOND,
  listWaitMs: 20 * SECOND,
  callMs: 5 * MINUTE,
  callMaxMs: 30 * MINUTE,
  questionMs: 10 * MINUTE,
  asksAgainMs: 3 * SECOND,
  serverIdleMs: 10 * MINUTE,
  serversPerScope: 40,
  servers: 200,
  backOffMs: SECOND,
  backOffMaxMs: MINUTE,
  coalesceMs: 20,
};
