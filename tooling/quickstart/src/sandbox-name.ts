import { createHash } from "node:crypto";
import { Sandbox } from "@sbx/contracts";

/**
 * Name the demonstration's sandbox. Where another checkout's demonstration has the plain name, a part of the project's
 * path tells them apart, the same one each time. `listing` is what `sbx ls --json` printed.
 */
export function sandboxName(agent: string, { project, listing }: { readonly project: string; readonly listing: string }): string {
  const plain = `quickstart-${agent}`;
  const taken = Sandbox.pick({ name: true, workspace: true })
    .array()
    .parse(JSON.parse(listing))
    .some(({ name, workspace }) => name === plain && workspace !== project);
  return taken ? `${plain}-${createHash("sha256").update(project).digest("hex").slice(0, 6)}` : plain;
}
