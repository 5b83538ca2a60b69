import type { Progress } from "../sandbox/progress.ts";
import type { SandboxParts } from "../sandbox/sandbox-parts.ts";
import type { SandboxRecord } from "../sandbox/sandbox-record.ts";

interface InstallWork {
  readonly record: SandboxRecord;
  readonly packages: readonly string[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Make the image of a sandbox with more packages of the system. They are installed beside the sandbox, in a pod that reaches
 * their distribution's hosts alone and sees nothing of the sandbox; the record that comes back has the new image.
 *
 * @throws AppError `PACKAGE_UNKNOWN`, `BUILD_FAILED`, `POD_FAILED`
 */
export async function installPackages(parts: SandboxParts, { record, packages, progress, signal }: InstallWork): Promise<SandboxRecord> {
  const layers = await parts.layers();
  await using pod = await progress.step("network for packages", () => parts.installPods.open(record, { for: "packages" }, signal));
  const image = await progress.step(`packages ${packages.join(", ")}`, (line) => layers.packages({ from: record.image, packages, gate: pod.gate }, line, signal));
  parts.record({ type: "sandbox.installed", sandbox: record.id, fields: { name: record.name, packages: packages.join(" ").slice(0, 1000) } });
  return { ...record, image, packages: [...new Set([...(record.packages ?? []), ...packages])] };
}
