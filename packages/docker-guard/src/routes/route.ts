import type { Json } from "@sbx/contracts";
import * as z from "zod";
import type { Guard } from "../guard.ts";
import type { Answer } from "../http/answer.ts";
import { hasBody } from "../http/check-headers.ts";
import { readJsonBody, type BodySource } from "../http/read-body.ts";
import { printable, Refusal } from "../refusal.ts";
import { whyInvalid } from "./schema/field.ts";

/** A request whose frame was read: its path matched a route, nothing else is known of it yet. */
export interface RawRequest {
  readonly source: BodySource;
  readonly params: readonly string[];
  readonly query: ReadonlyMap<string, readonly string[]>;
  readonly version: string | undefined;
  /** Fires when the client goes. */
  readonly gone: AbortSignal;
}

/** A request that was read whole. */
export interface Call<Query, Body> {
  readonly guard: Guard;
  /** What stands in the place of `{…}` in the path. */
  readonly param: string;
  readonly query: Query;
  readonly body: Body;
  /** The body before its schema. */
  readonly json: Json;
  readonly version: string | undefined;
  readonly gone: AbortSignal;
  /** The request's bytes, of routes that take a file. */
  readonly source: BodySource;
}

/** A route as the server sees it. */
export interface GuardRoute {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Below the version; `{name}` is one segment, `{name*}` one or more. */
  readonly path: string;
  /** The same in its parts. */
  readonly segments: readonly string[];
  /** For docs/docker-api.md. */
  readonly means: string;
  /** Names of the query, for the same. */
  readonly query: readonly string[];
  /** It may be asked for with an upgrade. */
  readonly upgrades: boolean;
  serve(guard: Guard, request: RawRequest): Promise<{ readonly answer: Answer; readonly rest: Buffer }>;
}

/** What is said of a route in its table. */
export interface RouteInit<Query, Body> {
  readonly means: string;
  /** Each parameter and its schema; others are refused by name. */
  readonly query?: z.ZodObject<z.ZodRawShape> & z.ZodType<Query>;
  /** Parameters that may occur more than once: their schemas are of lists. */
  readonly repeats?: readonly string[];
  /** Absent: no body, or an empty object. "file": the handler reads the bytes itself. */
  readonly body?: z.ZodType<Body> | "file";
  readonly upgrades?: true;
  readonly handle: (call: Call<Query, Body>) => Promise<Answer> | Answer;
}

/** What client libraries say to themselves, and put into the body too. */
const ASIDE = ["hijack", "stdin", "stdout", "stderr", "stream"];
const NoQuery = z.strictObject({});

/** Make a route of the table. `name` is "METHOD path". */
export function route<Query = Record<string, never>, Body = unknown>(name: `${GuardRoute["method"]} ${string}`, init: RouteInit<Query, Body>): GuardRoute {
  const [method = "", path = ""] = name.split(" ");
  const query = init.query ?? NoQuery;
  const noBody = copiesOf([...Object.keys(query.shape), "authconfig", ...(init.upgrades === true ? ASIDE : [])]);
  return {
    // The type of `name` says which ones there are.
    method: method as GuardRoute["method"],
    path,
    segments: path.split("/"),
    means: init.means,
    query: Object.keys(query.shape),
    upgrades: init.upgrades === true,
    async serve(guard, { source, params, query: given, version, gone }) {
      // A route without a query has no parameters: what its schema gives is what its handler takes.
      const parsed = parse(query, oncePerName(given, init.repeats ?? [])) as Query;
      const { body, json, rest } = await bodyOf<Body>(source, init.body, noBody);
      const answer = await init.handle({ guard, param: params[0] ?? "", query: parsed, body, json, version, gone, source });
      return { answer, rest };
    },
  };
}

/** Of a name that occurs twice two readers would take different ones. @throws Refusal 400 */
function oncePerName(given: RawRequest["query"], repeats: readonly string[]): Readonly<Record<string, unknown>> {
  const pairs = [...given].map(([name, values]) => {
    if (repeats.includes(name)) return [name, values] as const;
    if (values.length > 1) throw new Refusal(400, `a query has "${printable(name)}" twice`);
    return [name, values[0]] as const;
  });
  return Object.fromEntries<unknown>(pairs);
}

/** A body that is none: empty, or a copy of the parameters, as dockerode sends it. Nothing of it is read or passed on. */
function copiesOf(names: readonly string[]): z.ZodType {
  return z.strictObject(Object.fromEntries(names.map((name) => [name, z.unknown().optional()]))).optional();
}

async function bodyOf<Body>(source: BodySource, schema: RouteInit<unknown, Body>["body"], noBody: z.ZodType): Promise<{ readonly body: Body; readonly json: Json; readonly rest: Buffer }> {
  // Handlers of files and of nothing do not look at their body.
  if (schema === "file") return { body: undefined as Body, json: null, rest: Buffer.alloc(0) };
  if ((source.request.method === "GET" || source.request.method === "HEAD") && hasBody(source.request)) throw new Refusal(400, "this request has no body");
  const { json, rest } = await readJsonBody(source);
  if (schema === undefined) {
    parse(noBody, json);
    return { body: undefined as Body, json: null, rest };
  }
  if (json === undefined && !schema.safeParse(undefined).success) throw new Refusal(400, "the request has to have a body of JSON");
  return { body: parse(schema, json), json: json ?? null, rest };
}

/** Read a value by its schema. @throws Refusal 400 with the name of the first field that does not fit */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const { data, error, success } = schema.safeParse(value);
  if (!success) throw new Refusal(400, whyInvalid(error));
  return data;
}

/** A query of these parameters, each of which may be absent. */
export function queryOf<const Shape extends Readonly<Record<string, z.ZodType>>>(shape: Shape) {
  return z.strictObject(shape).partial();
}
