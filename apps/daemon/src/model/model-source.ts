import { randomBytes } from "node:crypto";
import { AppError, type CreateSandbox } from "@sbx/contracts";
import type { SandboxRecord } from "@sbx/core";
import type { ModelBinding } from "@sbx/egress-proxy";
import { startScriptedModel, type ScriptedModel } from "@sbx/scripted-model";
import { findModelService, newPlaceholder, Secret, type ModelService, type SecretKeeper } from "@sbx/secret-injector";
import type { Log } from "../log.ts";

/** What stands in a new sandbox where the key would be: of the provider's shape, and never the same twice. */
export function placeholderFor(service: string | undefined): string {
  const known = service === undefined ? undefined : findModelService(service);
  return known === undefined ? randomBytes(24).toString("hex") : newPlaceholder(known, randomBytes);
}

/** Decides whose model a sandbox speaks to, and gives the wall what it needs for that. */
export interface ModelSources {
  readonly choose: (service: string | undefined, wanted: CreateSandbox["model"]) => Promise<SandboxRecord["modelSource"]>;
  readonly bindings: (record: SandboxRecord) => readonly ModelBinding[];
}

/** What models are bound from. */
export interface ModelSourceParts {
  readonly secrets: Pick<SecretKeeper, "modelKey">;
  readonly scope: AsyncDisposableStack;
  readonly log: Log;
}

/** Start the bundled model on the loopback and stand ready to bind either it or the provider. */
export async function startModelSources({ secrets, scope, log }: ModelSourceParts): Promise<ModelSources> {
  const key = randomBytes(24).toString("hex");
  const scripted: ScriptedModel = scope.use(await startScriptedModel({ host: "127.0.0.1", expectKey: key }));
  /** A sandbox is only told that the key cannot be had; why stands in the log. */
  const modelKey = async (service: ModelService): Promise<Secret | undefined> => {
    try {
      return await secrets.modelKey(service);
    } catch (error) {
      log.warn("model.key-unavailable", { service: service.service, error: AppError.is(error) ? error.toJSON() : error });
      throw error;
    }
  };
  return {
    choose: async (service, wanted) => {
      const known = service === undefined ? undefined : findModelService(service);
      if (known === undefined) return "none";
      if (wanted === "scripted") return "scripted";
      const there = (await secrets.modelKey(known)) !== undefined;
      if (there) return "provider";
      if (wanted === "auto") return "scripted";
      throw new AppError("CREDENTIAL_MISSING", { message: `There is no key for ${known.displayName}`, fix: `Give one with: sbx secret set ${known.secret}` });
    },
    bindings: (record) => {
      const known = record.service === undefined ? undefined : findModelService(record.service);
      if (known === undefined || record.modelSource === "none") return [];
      const { service, header, format, dialect } = known;
      const common = { service, header, format, dialect, placeholder: record.placeholder };
      if (record.modelSource === "scripted") return [{ ...common, upstream: new URL(scripted.url), secret: () => Promise.resolve(new Secret(key)) }];
      return [{ ...common, upstream: new URL(known.upstream), secret: () => modelKey(known) }];
    },
  };
}
