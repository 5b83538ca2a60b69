import { AppError, type DockerPolicy, type RegistryRule } from "@sbx/contracts";
import type { GuardImages } from "@sbx/docker-guard";
import { coversImage, parseDestinationPattern, parseImageAddress, parseImagePattern, type ImageAddress } from "@sbx/egress-policy";

/** Whether an image is one that a Docker policy leaves. */
function leavesImage({ images }: Pick<DockerPolicy, "images">, image: ImageAddress): boolean {
  return images === undefined || images.some((pattern) => coversImage(parseImagePattern(pattern), image));
}

/** The same for how a person names an image of this machine; one that is named by its id alone is none that a pattern means. */
export function leavesReference(policy: Pick<DockerPolicy, "images">, reference: string): boolean {
  if (policy.images === undefined) return true;
  try {
    return leavesImage(policy, parseImageAddress(reference));
  } catch (error) {
    if (AppError.is(error)) return false;
    throw error;
  }
}

/** Registries through a Docker policy: what it does not leave is refused before any rule is looked at. */
export function narrowRegistries(registries: Pick<GuardImages, "pull" | "push">, policy: Pick<DockerPolicy, "images">): Pick<GuardImages, "pull" | "push"> {
  const check = (action: RegistryRule["action"], reference: string): void => {
    if (!leavesReference(policy, reference))
      throw new AppError("EGRESS_DENIED", {
        message: `The Docker policy of this sandbox does not leave it to ${action} ${reference}`,
        fix: "A person can make a sandbox with another --docker-policy",
      });
  };
  return {
    async pull(reference, platform, signal) {
      check("pull", reference);
      return registries.pull(reference, platform, signal);
    },
    async push(reference, signal) {
      check("push", reference);
      return registries.push(reference, signal);
    },
  };
}

/** @throws AppError `CONFIG_INVALID` for a policy whose patterns are none, which must not be found out later */
export function checkDockerPolicy({ hosts = [], images = [] }: DockerPolicy): void {
  for (const pattern of hosts) parseDestinationPattern(pattern);
  for (const pattern of images) parseImagePattern(pattern);
}
