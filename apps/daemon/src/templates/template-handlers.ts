import { AppError, type Handlers, type Sandbox } from "@sbx/contracts";
import { templateView, type EngineId, type LiveSandbox, type SandboxParts, type SandboxService, type SessionService } from "@sbx/core";

export interface TemplateHandlerParts {
  readonly parts: Pick<SandboxParts, "templates" | "layers" | "now">;
  /** Images that sandboxes of the known agents would be made of. */
  readonly currentImages: () => Promise<readonly EngineId[]>;
  readonly sandboxes: SandboxService;
  readonly sessions: SessionService;
  readonly newOperation: () => string;
}

export type TemplateHandlers = Pick<Handlers, "saveTemplate" | "listTemplates" | "removeTemplate" | "pruneImages"> & {
  readonly installPackages: (...asked: Parameters<Handlers["installPackages"]>) => Promise<{ readonly live: LiveSandbox; readonly pending: boolean }>;
};

/** Templates and packages of the system, as a person decides about them; nothing in a sandbox reaches this. */
export function templateHandlers({ parts, currentImages, sandboxes, sessions, newOperation }: TemplateHandlerParts): TemplateHandlers {
  return {
    async installPackages({ sandbox, packages, operation }, signal) {
      const { id } = sandboxes.get(sandbox).record;
      const busy = (): boolean => sessions.running(id).length > 0;
      const done = await sessions.hold(id, () => sandboxes.install(sandbox, packages, { busy, operation: operation ?? newOperation(), signal }));
      if (done.live.running) sessions.idle(done.live);
      return done;
    },
    async saveTemplate({ sandbox, operation, ...template }, signal) {
      return templateView(await sandboxes.save(sandbox, { ...template, operation: operation ?? newOperation(), signal }));
    },
    async pruneImages({ olderThanMs, dryRun }) {
      const before = olderThanMs === undefined ? undefined : parts.now().getTime() - olderThanMs;
      return { images: [...(await sandboxes.pruneImages({ current: before === undefined ? [] : await currentImages(), dryRun, before }))] };
    },
    listTemplates: () => Promise.resolve(parts.templates.list().map(templateView)),
    async removeTemplate({ template: name }) {
      const template = parts.templates.list().find((one) => one.name === name);
      if (template === undefined) throw new AppError("TEMPLATE_UNKNOWN", { message: `There is no template "${name}"`, fix: "Those that are there: sbx template ls" });
      const users = sandboxes.list().filter(({ record }) => record.image === template.image);
      if (users.length > 0)
        throw new AppError("SANDBOX_BUSY", {
          message: `Sandboxes are made of the template "${name}": ${users.map(({ record }) => record.name).join(", ")}`,
          fix: "Remove them first with: sbx rm NAME",
        });
      await (await parts.layers()).remove(template.reference);
      parts.templates.remove(name);
      return { done: true };
    },
  };
}

/** The answer of an installation, with the sandbox as its callers see it. */
export async function installed(
  handlers: TemplateHandlers,
  view: (live: LiveSandbox) => Sandbox,
  asked: Parameters<Handlers["installPackages"]>,
): Promise<{ readonly sandbox: Sandbox; readonly pending: boolean }> {
  const { live, pending } = await handlers.installPackages(...asked);
  return { sandbox: view(live), pending };
}
