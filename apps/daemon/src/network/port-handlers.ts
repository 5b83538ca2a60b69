import type { Handlers, SandboxId } from "@sbx/contracts";
import type { ArchiveParts } from "../files/serve-archives.ts";
import type { HostPorts } from "./host-ports.ts";

export interface PortParts {
  readonly ports: Pick<HostPorts, "list" | "publish" | "unpublish">;
  readonly within: ArchiveParts["within"];
  readonly sandbox: (ref: string) => { readonly id: SandboxId; readonly name: string };
}

/** Answers about published ports. Publishing starts the sandbox. */
export function portHandlers({ ports, within, sandbox }: PortParts): Pick<Handlers, "listPorts" | "publishPort" | "unpublishPort"> {
  return {
    listPorts: ({ sandbox: ref }) => Promise.resolve([...ports.list(sandbox(ref).id)]),
    publishPort: ({ sandbox: ref, ...wanted }, signal) => within(ref, signal, ({ record }) => ports.publish(record, wanted)),
    unpublishPort: async ({ sandbox: ref, ...published }) => {
      await ports.unpublish(sandbox(ref), published);
      return { done: true };
    },
  };
}
