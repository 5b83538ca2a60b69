import { pino } from "pino";
import { rotatingOutput } from "./rotating-output.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What the daemon writes down for whoever looks for a fault. The record of decisions is the event log, never this. */
export interface Log {
  readonly info: (event: string, fields: Fields) => void;
  readonly warn: (event: string, fields: Fields) => void;
  readonly error: (event: string, fields: Fields & { readonly error: unknown }) => void;
}

const STANDARD_ERROR = 2;
const MOST_BYTES = 10 << 20;

/** JSON lines on standard error, one an event. Where that is `file`, it is rotated when it is full. */
export function createLog(file?: string): Log {
  const output = rotatingOutput({ descriptor: STANDARD_ERROR, file, most: MOST_BYTES });
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { error: pino.stdSerializers.err } }, output);
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
