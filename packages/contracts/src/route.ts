import type * as z from "zod";

/** HTTP methods that the daemon's API uses. */
export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** One call of the daemon's API: the table in api.ts is read by server and client alike. */
export interface Route<In extends z.ZodType = z.ZodType, Out extends z.ZodType = z.ZodType> {
  readonly method: Method;
  /** `{name}` stands for a field of the request; other fields travel in the query (GET, DELETE) or the JSON body. */
  readonly path: string;
  readonly request: In;
  readonly response: Out;
}

/** Make a row of the API's table; gives back what it gets, with the types of request and response inferred. */
export function route<In extends z.ZodType, Out extends z.ZodType>(definition: Route<In, Out>): Route<In, Out> {
  return definition;
}

/** Split an input into the path with its parameters filled in, and the fields that remain. */
export function fillPath(template: string, input: Readonly<Record<string, unknown>>): { readonly path: string; readonly rest: Record<string, unknown> } {
  const rest = { ...input };
  const path = template.replaceAll(/\{(\w+)\}/g, (_match, name: string) => {
    const value = rest[name];
    delete rest[name];
    if (typeof value !== "string" || value === "") throw new Error(`path parameter "${name}" of ${template} is missing`);
    return encodeURIComponent(value);
  });
  return { path, rest };
}

/** The parameters that a path gives to a template; `undefined` when it does not fit or is not cleanly encoded. */
export function matchPath(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const actual = given[index] ?? "";
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) {
      if (part !== actual) return undefined;
      continue;
    }
    const value = decode(actual);
    if (value === undefined || value === "") return undefined;
    params[name] = value;
  }
  return params;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
