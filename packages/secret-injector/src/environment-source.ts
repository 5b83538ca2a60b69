import { MODEL_SERVICES, type ModelService } from "./model-services.ts";
import type { SecretSource } from "./ports.ts";
import { Secret } from "./secret.ts";

/** The keys of model providers that stand in an environment under the providers' usual names, such as `ANTHROPIC_API_KEY`. */
export function createProviderEnvironment(environment: Readonly<Record<string, string | undefined>>): SecretSource {
  const valueOf = (name: string): string | undefined => {
    const service = Object.values<ModelService>(MODEL_SERVICES).find(({ secret }) => secret === name);
    return service?.environment.map((variable) => environment[variable]).find((text) => text !== undefined && text !== "");
  };
  return {
    find: (name) => {
      const value = valueOf(name);
      return Promise.resolve(value === undefined ? undefined : new Secret(value));
    },
    names: () =>
      Promise.resolve(
        new Map(
          Object.values<ModelService>(MODEL_SERVICES)
            .filter(({ secret }) => valueOf(secret) !== undefined)
            .map(({ secret }) => [secret, "environment"]),
        ),
      ),
  };
}
