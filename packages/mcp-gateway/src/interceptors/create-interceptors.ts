import { AppError } from "@sbx/contracts";
import type { ToolInterceptor } from "../ports.ts";
import { blockSecrets, redactResults } from "./block-secrets.ts";
import { customInterceptor } from "./custom-interceptor.ts";
import { execHook } from "./exec-hook.ts";
import { createSecretFinder } from "./find-secrets.ts";
import { HOOK_LIMITS, type HookLimits, type RunHook } from "./hook.ts";
import { httpHook } from "./http-hook.ts";
import { limitCalls, type CallLimits } from "./limit-calls.ts";
import { type CallNote, logCalls } from "./log-calls.ts";
import type { Interceptor } from "./parse-interceptor.ts";

/** Makes a hook of an image, run once for each call with the message on its standard input. */
export type ImageHook = (image: string, args: readonly string[], limits: HookLimits) => RunHook;

/** Which interceptors a gateway has. */
export interface InterceptorOptions {
  /** The person's own, in their order. */
  readonly custom?: readonly Interceptor[];
  /** Whether secrets are kept out of arguments and results. */
  readonly blockSecrets: boolean;
  /** Told of each call that reaches a server. */
  readonly logCalls?: (note: CallNote) => void;
  /** The whole environment of commands. */
  readonly env: Readonly<Record<string, string>>;
  /** Without it no interceptor may be an image. */
  readonly imageHook?: ImageHook;
  readonly limits?: { readonly calls?: CallLimits; readonly hooks?: HookLimits };
}

/**
 * Put the interceptors in order, outermost first: limits, the person's own, the guard of secrets, the log.
 *
 * The guard is the last before the server, so that the person's hooks see no secret of a result and the server none that a
 * hook let through; where there are hooks, it looks once more at what they put in a result's place.
 *
 * @throws AppError `USAGE` for an interceptor that cannot be run here
 */
export function createInterceptors({ custom = [], blockSecrets: guard, logCalls: tell, env, imageHook, limits }: InterceptorOptions): readonly ToolInterceptor[] {
  const find = createSecretFinder();
  const hookLimits = limits?.hooks ?? HOOK_LIMITS;
  const own = custom.map((interceptor) => customInterceptor(interceptor, runOf(interceptor, { env, imageHook, hookLimits })));
  return [limitCalls(limits?.calls), ...(guard && own.length > 0 ? [redactResults(find)] : []), ...own, ...(guard ? [blockSecrets(find)] : []), ...(tell === undefined ? [] : [logCalls(tell)])];
}

interface Means {
  readonly env: Readonly<Record<string, string>>;
  readonly imageHook: ImageHook | undefined;
  readonly hookLimits: HookLimits;
}

function runOf({ run, flag }: Interceptor, { env, imageHook, hookLimits }: Means): RunHook {
  switch (run.type) {
    case "exec":
      return execHook(run.command, { env, ...hookLimits });
    case "http":
      return httpHook(run.url, hookLimits);
    case "docker":
      if (imageHook === undefined) {
        throw new AppError("USAGE", {
          message: `The interceptor ${JSON.stringify(flag.slice(0, 200))} cannot be used: images are not run as interceptors here.`,
          fix: "Run it yourself with exec, as before:exec:docker run --rm -i --network none IMAGE ARGUMENTS.",
        });
      }
      return imageHook(run.image, run.args, hookLimits);
  }
}
