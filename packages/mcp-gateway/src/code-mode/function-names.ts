/** How a script calls one tool: always as `tools["name"]`, and by an identifier where there is one. */
export interface FunctionName {
  readonly name: string;
  /** Global name of the function: the tool's own, or one made from it. */
  readonly identifier?: string;
}

const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** Words of the language that cannot name a function, or would change what the script's wrapper means. */
const RESERVED = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if " +
    "implements import in instanceof interface let new null package private protected public return static super switch this throw true try " +
    "typeof undefined var void while with yield"
  ).split(" "),
);

/** What a script finds in its global scope before any tool is there. No tool may take such a name. */
export const SCRIPT_GLOBALS: ReadonlySet<string> = new Set(
  (
    "AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError FinalizationRegistry Float16Array " +
    "Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array InternalError Iterator JSON Map Math NaN Number Object Promise Proxy " +
    "RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array " +
    "Uint8ClampedArray WeakMap WeakRef WeakSet console decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite " +
    "isNaN parseFloat parseInt queueMicrotask tools undefined unescape " +
    "__defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ __proto__ constructor hasOwnProperty isPrototypeOf propertyIsEnumerable " +
    "toLocaleString toString valueOf"
  ).split(" "),
);

const isFree = (identifier: string, taken: ReadonlySet<string>): boolean => IDENTIFIER.test(identifier) && !RESERVED.has(identifier) && !SCRIPT_GLOBALS.has(identifier) && !taken.has(identifier);

/**
 * Name the functions for these tools, in their order.
 *
 * A tool keeps its own name where that is an identifier; else `_` stands for each character that is none
 * (`mcp-find` is `mcp_find`). A name that the language or an earlier tool has gives no identifier.
 */
export function nameFunctions(tools: readonly { readonly name: string }[]): readonly FunctionName[] {
  const names = [...new Set(tools.map(({ name }) => name))];
  const taken = new Set(names.filter((name) => isFree(name, new Set())));
  return names.map((name) => {
    if (taken.has(name)) return { name, identifier: name };
    const made = name.replaceAll(/[^A-Za-z0-9_$]/g, "_").replace(/^(?=[0-9])/, "_");
    if (made === name || !isFree(made, taken)) return { name };
    taken.add(made);
    return { name, identifier: made };
  });
}
