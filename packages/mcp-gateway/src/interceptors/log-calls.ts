import type { ToolInterceptor } from "../ports.ts";

/** What is told of one call: never a value, and of names only those that the server made. */
export interface CallNote {
  readonly server: string;
  readonly tool: string;
  /** Kinds and counts, as `object with 2 fields (string of 12, list of 3)`. */
  readonly arguments: string;
  readonly durationMs: number;
  readonly outcome: "result" | "error" | "failed";
}

/** Tell of each call when it has ended. `tell` must not throw. */
export function logCalls(tell: (note: CallNote) => void): ToolInterceptor {
  return {
    takesLarge: true,
    around: async (call, { next }) => {
      const began = performance.now();
      let outcome: CallNote["outcome"] = "failed";
      try {
        const result = await next(call);
        outcome = result.isError === true ? "error" : "result";
        return result;
      } finally {
        tell({ server: call.server, tool: call.name, arguments: shapeOf(call.arguments), durationMs: Math.round(performance.now() - began), outcome });
      }
    },
  };
}

const MOST_FIELDS = 10;

/** The shape of arguments: how many fields of which kinds, in their order, and no name or value of one. */
export function shapeOf(args: Readonly<Record<string, unknown>>): string {
  const values = Object.values(args);
  const kinds = values.slice(0, MOST_FIELDS).map(kindOf);
  const more = values.length > MOST_FIELDS ? [`${values.length - MOST_FIELDS} more`] : [];
  const fields = `object with ${values.length} ${values.length === 1 ? "field" : "fields"}`;
  return values.length === 0 ? fields : `${fields} (${[...kinds, ...more].join(", ")})`;
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return `string of ${value.length}`;
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (typeof value === "object" && value !== null) return `object of ${Object.keys(value).length}`;
  return value === null ? "null" : typeof value;
}
