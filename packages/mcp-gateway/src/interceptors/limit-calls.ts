import type { JsonObject } from "../jsonrpc/json.ts";
import type { ToolInterceptor } from "../ports.ts";
import { jsonBytes } from "../upstream/json-bytes.ts";
import { failedResult } from "./tool-call.ts";

/** What one call and its result may weigh: characters of their JSON, roughly. */
export interface CallLimits {
  readonly argumentCharacters: number;
  readonly resultCharacters: number;
}

/** Far above what a model can read, since results also go to scripts and files, and the large texts of one are not held. */
const CALL_LIMITS: CallLimits = { argumentCharacters: 8 << 20, resultCharacters: 256 << 20 };

/** Refuse arguments and hold back results that are too large, before anything else works through them. */
export function limitCalls({ argumentCharacters, resultCharacters }: CallLimits = CALL_LIMITS): ToolInterceptor {
  return {
    takesLarge: true,
    around: async (call, { next }) => {
      const given = weigh(call.arguments);
      if (given > argumentCharacters) return failedResult(`The call of '${call.name}' was not made: its arguments have ${given} characters, more than ${argumentCharacters}. Pass less at once.`);
      const result = await next(call);
      const got = weigh(result);
      return got > resultCharacters ? failedResult(`The result of '${call.name}' is held back: it has ${got} characters, more than ${resultCharacters}. Ask for less at once.`) : result;
    },
  };
}

/** Calls and results were read from JSON. */
const weigh = (value: object): number => jsonBytes(value as JsonObject);
