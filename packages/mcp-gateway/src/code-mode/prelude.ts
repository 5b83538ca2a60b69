/**
 * Runs inside the virtual machine before a script, and makes what the script finds there. Nothing but strings and numbers
 * crosses to the gateway, as JSON, because the engine's own strings end at a zero character.
 *
 * It keeps the built-ins it needs, so that a script that replaces them breaks only itself. Nothing here guards the gateway:
 * whatever a script does to it, the two functions it was given are all there is.
 */
export const PRELUDE = String.raw`((call, print, settings) => {
  const { parse, stringify } = JSON;
  const { defineProperty, create } = Object;
  const { isArray } = Array;
  const { String, Error, TypeError, Promise, Map, globalThis } = this;
  const waiting = new Map();
  const { get, set, delete: remove } = Map.prototype;
  const apply = Reflect.apply;
  const slice = "".slice;
  delete globalThis.SharedArrayBuffer;

  const hidden = (target, key, value) => defineProperty(target, key, { value, writable: true, configurable: true });

  const shown = (value) => {
    if (typeof value === "string") return value;
    if (typeof value === "object" && value !== null && !(value instanceof Error)) {
      try {
        const text = stringify(value);
        if (typeof text === "string") return text;
      } catch {}
    }
    return String(value);
  };

  const console = {};
  for (const level of ["log", "info", "warn", "error", "debug", "trace"]) {
    hidden(console, level, (...values) => {
      let line = level === "warn" || level === "error" ? level + ":" : "";
      for (let at = 0; at < values.length; at += 1) line += (line === "" && at === 0 ? "" : " ") + shown(values[at]);
      print(stringify(apply(slice, line, [0, settings.room + 1])), line.length);
    });
  }
  hidden(globalThis, "console", console);

  const argumentsText = (name, given) => {
    const [value] = given;
    if (value === undefined || value === null) return "{}";
    if (given.length > 1 || typeof value !== "object" || isArray(value)) throw new TypeError(name + " takes one object that holds its arguments");
    return stringify(value);
  };

  const tools = create(null);
  for (let at = 0; at < settings.functions.length; at += 1) {
    const { name, identifier } = settings.functions[at];
    const run = (...given) => {
      const { text, error } = parse(call(at, argumentsText(name, given), true));
      if (error !== undefined) throw new Error(error);
      return text;
    };
    const start = (...given) =>
      new Promise((resolve, reject) => {
        const { id, error } = parse(call(at, argumentsText(name, given), false));
        if (error !== undefined) reject(new Error(error));
        else apply(set, waiting, [id, { resolve, reject }]);
      });
    hidden(run, "name", name);
    hidden(run, "start", start);
    defineProperty(tools, name, { value: run, enumerable: true });
    if (identifier !== undefined) hidden(globalThis, identifier, run);
  }
  hidden(globalThis, "tools", tools);

  return {
    /** The text of what the script returned, as JSON; the JSON null for nothing. */
    render: (value) => {
      if (value === undefined || value === null) return "null";
      if (typeof value === "string") return stringify(value);
      const text = stringify(value);
      return stringify(typeof text === "string" ? text : String(value));
    },
    explain: (thrown) => {
      let name = "", message = "", stack = "";
      try {
        if (thrown instanceof Error) {
          name = String(thrown.name);
          message = String(thrown.message);
          stack = String(thrown.stack);
        } else {
          message = thrown === null ? "null was thrown, by the script or because its memory was used up" : shown(thrown);
        }
      } catch {
        message = "something that cannot be shown was thrown";
      }
      return stringify({ name: apply(slice, name, [0, 200]), message: apply(slice, message, [0, 4000]), stack: apply(slice, stack, [0, 4000]) });
    },
    settle: (id, answer) => {
      const promise = apply(get, waiting, [id]);
      apply(remove, waiting, [id]);
      const { text, error } = parse(answer);
      if (error !== undefined) promise.reject(new Error(error));
      else promise.resolve(text);
    },
  };
})`;
