import { BUILT_IN_CATALOG, planServer, type ServerPlan } from "@sbx/catalog";
import { AppError, type SandboxId, type ServerEntry } from "@sbx/contracts";
import type { ServerPods } from "@sbx/core";
import type { Caller, ServerRunner, StartServer } from "@sbx/mcp-gateway";
import { identifyServer, resolveServerEnvironment, type Secret, type SecretKeeper, type ServerIdentity } from "@sbx/secret-injector";
import { rootsSeenBy, serverLaunch } from "./server-launches.ts";
import type { ServerProgram } from "./server-programs.ts";
import type { ServerPreparations } from "./server-preparations.ts";

export interface ServerRunnerParts {
  readonly pods: Pick<ServerPods, "expect" | "start">;
  /** Brings the program of a server; at a start nobody wants to hear how. */
  readonly preparations: Pick<ServerPreparations, "prepare">;
  readonly secrets: Pick<SecretKeeper, "lookup" | "adopt">;
  /** The catalog whose entry this is; `undefined` when none has it any more. */
  readonly catalogOf: (entry: ServerEntry) => string | undefined;
  /** Whether its person lets a server write to the parts of a workspace that it sees. */
  readonly mayWrite: (entry: ServerEntry, catalog: string, sandbox: SandboxId | undefined) => boolean;
}

/** Run local servers: what the plan says, with the secrets that are bound to exactly this entry, in a pod of its own. */
export function createServerRunner({ pods, preparations, secrets, catalogOf, mayWrite }: ServerRunnerParts): ServerRunner {
  const secretsFor = async (entry: ServerEntry, { secretEnv }: ServerPlan): Promise<{ readonly identity: ServerIdentity; readonly environment: Readonly<Record<string, Secret>> }> => {
    const identity = identityOf(entry, catalogOf);
    // It was added, and policy allowed it: a catalog that is trusted gives it the secrets that are its own.
    await secrets.adopt({ server: identity, secrets: entry.secrets, trusted: identity.catalog === BUILT_IN_CATALOG });
    const { environment, missing } = await resolveServerEnvironment(secretEnv, secrets.lookup(identity));
    const [first] = missing;
    if (first !== undefined) throw new AppError("SECRET_MISSING", { message: `Server "${entry.name}" needs the secret "${first.name}"`, fix: first.fix });
    return { identity, environment };
  };
  // What was brought for a start is there at that start: it is looked for once.
  const brought = new WeakMap<StartServer, { readonly plan: ServerPlan; readonly program: ServerProgram }>();
  return {
    expect: () => {
      pods.expect();
    },
    async prepare(request, options) {
      const { entry, config } = request;
      const plan = planServer(entry, config);
      // One that could not start is not fetched either.
      await secretsFor(entry, plan);
      brought.set(request, { plan, program: await preparations.prepare(plan, options) });
    },
    async start(request, signal) {
      const { entry, config, caller } = request;
      const before = brought.get(request);
      brought.delete(request);
      const plan = before?.plan ?? planServer(entry, config);
      if (plan.source.kind === "remote") throw new Error(`${entry.name} runs elsewhere`);
      const { identity, environment } = await secretsFor(entry, plan);
      const program = before?.program ?? (await preparations.prepare(plan, { progress: () => undefined, signal }));
      const sandbox = sandboxOf(caller);
      const launch = serverLaunch({ plan, program, sandbox, secrets: environment, mayWrite: mayWrite(entry, identity.catalog, sandbox) });
      const process = await pods.start(launch, signal);
      return { ...process, rootSeenAs: rootsSeenBy(launch), [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
    },
  };
}

/** Who an entry is to secrets. @throws AppError `SERVER_UNKNOWN` for one that its catalog no longer has */
export function identityOf(entry: ServerEntry, catalogOf: ServerRunnerParts["catalogOf"]): ServerIdentity {
  const catalog = catalogOf(entry);
  if (catalog === undefined) throw new AppError("SERVER_UNKNOWN", { message: `No catalog has the server "${entry.name}" any more`, fix: "Find servers with: sbx mcp server search WORDS" });
  return identifyServer(entry, catalog);
}

export function sandboxOf(caller: Caller): SandboxId | undefined {
  return caller.kind === "sandbox" ? caller.sandbox : undefined;
}
