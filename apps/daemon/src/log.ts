import { pino } from "pino";

type Fields = Readonly<Record<string, unknown>>;

/** What the daemon writes down for whoever looks for a fault. The record of decisions is the event log, never this. */
export interface Log {
  readonly info: (event: string, fields: Fields) => void;
  readonly warn: (event: string, fields: Fields) => void;
  readonly error: (event: string, fields: Fields & { readonly error: unknown }) => void;
}

/** JSON lines on standard error, one an event. */
export function createLog(): Log {
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { error: pino.stdSerializers.err } }, pino.destination({ fd: 2, sync: true }));
  return {
    info: (event, fields) => {
      logger.info({ event, ...fields });
    },
    warn: (event, fields) => {
      logger.warn({ event, ...fields });
    },
    error: (event, fields) => {
      logger.error({ event, ...fields });
    },
  };
}
