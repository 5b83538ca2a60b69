import type { EventType, RecordEvent, SandboxId } from "@sbx/contracts";
import type { StartDockerGuard } from "@sbx/docker-guard";

/** What of the life of a container is written down; the rest a person sees with `docker events`. */
const TYPES: Readonly<Record<string, EventType>> = {
  create: "docker.created",
  start: "docker.started",
  die: "docker.ended",
  destroy: "docker.removed",
  pull: "docker.created",
  build: "docker.created",
};

/** Put what an agent does with its Docker API into the record: what it made and removed, and what it was refused. */
export function recordGuard(sandbox: SandboxId, record: RecordEvent): Pick<StartDockerGuard, "onEvent" | "onRefused"> {
  return {
    onEvent: ({ type: kind, action, id, attributes: { name, image, exitCode } }) => {
      const type = TYPES[action];
      if (type === undefined) return;
      record({ type, sandbox, fields: { kind, name: name ?? id.slice(0, 12), ...(image === undefined ? {} : { image }), ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }) } });
    },
    onRefused: ({ method, path, status, message }) => {
      record({ type: "docker.refused", sandbox, fields: { call: `${method} ${path}`, status, reason: message } });
    },
  };
}
