import { AppError } from "@sbx/contracts";

/** A failure of a registry, in words for a person. */
export function registryFailure(where: string, why: string, { fix, cause }: { readonly fix?: string; readonly cause?: unknown } = {}): AppError {
  return new AppError("REGISTRY_FAILED", {
    message: `${where}: ${why}`,
    fix: fix ?? "Look whether the reference is right and the registry can be reached; a proxy is taken from HTTPS_PROXY.",
    ...(cause === undefined ? {} : { cause }),
  });
}
