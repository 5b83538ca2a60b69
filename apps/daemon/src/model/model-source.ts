import { randomBytes } from "node:crypto";
import { AppError, type CreateSandbox } from "@sbx/contracts";
import type { SandboxRecord } from "@sbx/core";
import type { ModelBinding } from "@sbx/egress-proxy";
import { startScriptedModel, type ScriptedModel } from "@sbx/scripted-model";
import { findModelService, newPlaceholder, Secret, type SecretKeeper } from "@sbx/secret-injector";

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

/** Start the bundled model on the loopback and stand ready to bind either it or the provider. */
export async function startModelSources(secrets: Pick<SecretKeeper, "modelKey">, scope: AsyncDisposableStack): Promise<ModelSources> {
  const key = randomBytes(24).toString("hex");
  const scripted: ScriptedModel = scope.use(await startScriptedModel({ host: "127.0.0.1", expectKey: key }));
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
      return [{ ...common, upstream: new URL(known.upstream), secret: () => secrets.modelKey(known) }];
    },
  };
}
