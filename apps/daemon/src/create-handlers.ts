import { AppError, type DaemonStatus, type Handlers, type Sandbox, type SandboxStats, type SelectionView } from "@sbx/contracts";
import { sandboxView, sessionView, stateOf, type FilesInside, type LiveSandbox, type SandboxService, type SessionService } from "@sbx/core";
import { Secret, type SecretKeeper } from "@sbx/secret-injector";
import type { AgentDirectory } from "./agents/agent-directory.ts";
import { checkDockerPolicy } from "./docker/docker-policy.ts";
import type { DockerHandlers } from "./docker/docker-handlers.ts";
import type { ArchiveParts } from "./files/serve-archives.ts";
import type { McpHandlers } from "./mcp/handlers/mcp-handlers.ts";
import { portHandlers, type PortParts } from "./network/port-handlers.ts";
import type { PolicyService, RuleScope } from "./policy/policy-service.ts";
import type { ShareHandlers } from "./sandboxes/share-handlers.ts";
import type { EventLog } from "./state/event-log.ts";
import { installed, type TemplateHandlers } from "./templates/template-handlers.ts";

export interface HandlerParts {
  readonly status: () => Promise<DaemonStatus>;
  readonly shutdown: () => void;
  readonly agents: AgentDirectory;
  readonly sandboxes: SandboxService;
  readonly sessions: SessionService;
  readonly policy: PolicyService;
  readonly secrets: SecretKeeper;
  readonly events: EventLog;
  readonly files: Pick<FilesInside, "inspect">;
  readonly within: ArchiveParts["within"];
  readonly ports: PortParts["ports"];
  readonly stats: (sandboxes: readonly LiveSandbox[], limits: boolean) => Promise<SandboxStats[]>;
  readonly report: (live: LiveSandbox) => ReturnType<Handlers["reportWorkspace"]>;
  readonly newOperation: () => string;
  readonly mcp: McpHandlers;
  readonly docker: DockerHandlers;
  readonly templates: TemplateHandlers;
  readonly shared: ShareHandlers;
}

const done = { done: true } as const;

/** The daemon's answers: each takes one step in a service and shows the result. */
export function createHandlers(parts: HandlerParts): Handlers {
  const { sandboxes, sessions, policy, secrets, events, agents } = parts;
  const view = (live: LiveSandbox): Sandbox => ({ ...sandboxView(live.record, stateOf(live), sessions.of(live.record.id)), ports: [...parts.ports.list(live.record.id)] });
  const options = (operation: string | undefined, signal: AbortSignal): { readonly operation: string; readonly signal: AbortSignal } => ({ operation: operation ?? parts.newOperation(), signal });
  const maybe = (ref: string | undefined): LiveSandbox | undefined => (ref === undefined ? undefined : sandboxes.get(ref));
  const scopeOf = ({ sandbox, server }: { readonly sandbox?: string | undefined; readonly server?: string | undefined }): RuleScope => {
    if (sandbox !== undefined && server !== undefined)
      throw new AppError("USAGE", { message: "A rule is for one sandbox or for one server, not for both", fix: "Give --sandbox or --server: a server's rules hold in every sandbox." });
    return { record: maybe(sandbox)?.record, server };
  };
  return {
    ...parts.mcp,
    ...parts.docker,
    ...parts.templates,
    ...parts.shared,
    installPackages: (...asked) => installed(parts.templates, view, asked),
    ...portHandlers({ ...parts, sandbox: (ref) => sandboxes.get(ref).record }),
    status: () => parts.status(),
    shutdown: () => {
      parts.shutdown();
      return Promise.resolve(done);
    },
    listAgents: () => agents.list(),
    showAgent: ({ agent }) => agents.show(agent),
    composeAgent: (wanted) => agents.compose(wanted),

    createSandbox: async ({ operation, fresh, ...request }, signal) => {
      if (request.dockerPolicy !== undefined) checkDockerPolicy(request.dockerPolicy);
      const { live, joined } = await sandboxes.create(request, { ...options(operation, signal), fresh });
      sessions.idle(live);
      return { sandbox: view(live), joined };
    },
    listSandboxes: () => Promise.resolve(sandboxes.list().map(view)),
    sandboxStats: ({ sandbox, limits }) => parts.stats(sandbox === undefined ? sandboxes.list() : [sandboxes.get(sandbox)], limits === true),
    inspectSandbox: ({ sandbox }) => Promise.resolve(view(sandboxes.get(sandbox))),
    startSandbox: async ({ sandbox }, signal) => view(await sandboxes.start(sandbox, options(undefined, signal))),
    stopSandbox: async ({ sandbox }) => {
      await sessions.endAll(sandboxes.get(sandbox));
      return view(await sandboxes.stop(sandbox));
    },
    renameSandbox: async ({ sandbox, name }) => view(await sandboxes.rename(sandbox, name)),
    recreateSandbox: async ({ sandbox, operation, force, ...changes }, signal) => {
      const found = sandboxes.get(sandbox);
      if (!force) refuseBusy(sessions, found, { verb: "make it anew", command: "recreate" });
      const live = await sandboxes.recreate(found.record.id, changes, { ...options(operation, signal), beforeStop: (one) => sessions.endAll(one) });
      sessions.idle(live);
      return view(live);
    },
    inspectSelection: ({ sandbox }) => Promise.resolve(selectionOf(sandboxes.get(sandbox))),
    removeSandbox: async ({ sandbox, force }) => {
      const live = sandboxes.get(sandbox);
      if (!force) refuseBusy(sessions, live, { verb: "remove it", command: "rm" });
      await sessions.endAll(live);
      await sandboxes.remove(live.record.id);
      return done;
    },
    inspectPath: ({ sandbox, ...place }, signal) => parts.within(sandbox, signal, (live) => parts.files.inspect(live, place)),
    reportWorkspace: ({ sandbox }) => parts.report(sandboxes.get(sandbox)),

    openSession: async ({ sandbox, ...request }, signal) =>
      sessions.hold(sandboxes.get(sandbox).record.id, async () => sessionView(await sessions.open(await sandboxes.start(sandbox, options(undefined, signal)), request))),
    inspectSession: ({ session }) => Promise.resolve(sessionView(sessions.get(session))),
    endSession: async ({ session }) => {
      await sessions.end(sessions.get(session));
      return done;
    },
    sessionLogs: async ({ session }) => ({ text: await sessions.logs(sessions.get(session)) }),

    listRules: ({ sandbox, server }) => Promise.resolve([...policy.rules(scopeOf({ sandbox, server }))]),
    addRule: ({ effect, to, note, ...scope }) => Promise.resolve(policy.add(effect, { to, note, ...scopeOf(scope) })),
    removeRule: ({ rule, ...scope }) => {
      policy.remove(rule, scopeOf(scope));
      return Promise.resolve(done);
    },
    checkPolicy: ({ destination, sandbox }) => Promise.resolve(policy.check(destination, maybe(sandbox)?.record)),

    ...secretHandlers(secrets),

    listEvents: ({ after, limit, sandbox }) => Promise.resolve([...events.list({ after, limit, ...(sandbox === undefined ? {} : { sandbox: sandboxes.get(sandbox).record.id }) })]),
  };
}

function refuseBusy(sessions: SessionService, { record: { id, name } }: LiveSandbox, { verb, command }: { readonly verb: string; readonly command: string }): void {
  const running = sessions.running(id);
  if (running.length === 0) return;
  throw new AppError("SANDBOX_BUSY", {
    message: `"${name}" has ${running.length} running session${running.length === 1 ? "" : "s"}`,
    fix: `End them, or ${verb} all the same with: sbx ${command} --force ${name}`,
  });
}

function selectionOf({ record: { name, selection } }: LiveSandbox): SelectionView {
  if (selection !== undefined) return selection;
  throw new AppError("KIT_UNSUPPORTED", {
    message: `"${name}" was made by an older version of sbx, which did not note what was decided of its Kits`,
    fix: `Make it anew with: sbx recreate ${name}`,
  });
}

function secretHandlers(
  secrets: SecretKeeper,
): Pick<Handlers, "listSecrets" | "setSecret" | "rotateSecret" | "removeSecret" | "bindSecret" | "unbindSecret" | "bindSecretToHost" | "unbindSecretFromHost" | "vaultStatus"> {
  return {
    listSecrets: async () => [...(await secrets.list())],
    setSecret: async ({ name, value }) => {
      await secrets.set(name, new Secret(value));
      return done;
    },
    rotateSecret: async ({ name, value }) => {
      await secrets.rotate(name, new Secret(value));
      return done;
    },
    removeSecret: async ({ name }) => {
      await secrets.remove(name);
      return done;
    },
    bindSecret: ({ name, server }) => secrets.bind(name, server),
    unbindSecret: async ({ name, server }) => {
      await secrets.unbind(name, server);
      return done;
    },
    bindSecretToHost: ({ name, host }) => secrets.bindToHost(name, host),
    unbindSecretFromHost: async ({ name, host }) => {
      await secrets.unbindFromHost(name, host);
      return done;
    },
    vaultStatus: () => secrets.status(),
  };
}
