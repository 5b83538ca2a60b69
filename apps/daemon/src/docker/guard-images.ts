import type { DockerPolicy } from "@sbx/contracts";
import type { Engine } from "@sbx/core";
import type { GuardImages, SharedImage } from "@sbx/docker-guard";
import { leavesReference, narrowRegistries } from "./docker-policy.ts";
import type { DockerRules } from "./docker-rules.ts";

/** How an agent calls the image that its own sandbox runs. */
const OWN_TAG = "sbx/own:latest";

/** What the images of a sandbox come from. */
export interface GuardImagesParts {
  readonly engine: () => Promise<Pick<Engine, "findImage">>;
  readonly allowed: Pick<DockerRules, "images">;
  /** `image`: of the sandbox itself, where there is one. */
  readonly record: { readonly image: string | undefined };
  /** What narrows the images besides the sandbox's own. */
  readonly policy?: Pick<DockerPolicy, "images"> | undefined;
  readonly registries: Pick<GuardImages, "pull" | "push">;
}

/** The images that a sandbox may run: its own, and those of the engine that its person allowed; and where it gets others. */
export function createGuardImages({ engine, allowed, record: { image }, policy = {}, registries }: GuardImagesParts): GuardImages {
  return {
    async list() {
      const references = (await allowed.images()).filter((reference) => leavesReference(policy, reference));
      const connected = await engine();
      const found = new Map<string, string[]>(image === undefined ? [] : [[image, [OWN_TAG]]]);
      for (const reference of references) {
        const id = await connected.findImage(reference);
        if (id !== undefined) found.set(id, [...(found.get(id) ?? []), ...tagsOf(reference)]);
      }
      return [...found].map(([id, tags]): SharedImage => ({ id, tags }));
    },
    ...narrowRegistries(registries, policy),
  };
}

/** An image that was allowed by its id or a digest has no tag. */
function tagsOf(reference: string): readonly string[] {
  if (reference.includes("@") || /^[0-9a-f]{64}$/.test(reference)) return [];
  return [/:[^/]*$/.test(reference) ? reference : `${reference}:latest`];
}
