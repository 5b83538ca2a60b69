import { AppError, type Rule } from "@sbx/contracts";
import type { InstallPods } from "../ports/template-host.ts";
import type { SandboxRecord } from "../sandbox/sandbox-record.ts";
import { createGate, GATE_TIMEOUT_MS, HOSTNAME } from "../server/server-gate.ts";
import { serverLabels, type ServerParts } from "../server/server-parts.ts";

export interface InstallPodParts extends Pick<ServerParts, "engine" | "images" | "network" | "files" | "owner" | "newId"> {
  /** What installing packages into the image of a sandbox reaches. */
  readonly rules: (record: SandboxRecord) => Promise<readonly Rule[]>;
}

/** Opens pods that hold a gate and no workload: the steps of an image's build are what uses their network. */
export function createInstallPods(parts: InstallPodParts): InstallPods {
  return {
    async open(record, purpose, signal) {
      const id = parts.newId();
      const rules = purpose.for === "packages" ? await parts.rules(record) : purpose.rules;
      await using opened = new AsyncDisposableStack();
      opened.defer(() => parts.files.remove(id));
      const engine = await parts.engine();
      const image = await (await parts.images()).gate(() => undefined, signal);
      // Under this name the record tells of what an installation reached.
      const served = { sandbox: record.id, server: purpose.for };
      const labels = serverLabels(parts.owner, "server-gate", { id, ...served });
      const open = (place: { readonly id: typeof id; readonly hostname: string; readonly directory: string }) =>
        parts.network.open({ ...place, ...served, rules, purpose: "install", hooks: purpose.for === "install-hooks" });
      const { container, link } = await createGate(parts, { id, engine, image, labels, open, signal, scope: opened });
      await engine.start(container, signal);
      await link.ready(AbortSignal.any([signal, AbortSignal.timeout(GATE_TIMEOUT_MS)])).catch((cause: unknown) => {
        signal.throwIfAborted();
        if (AppError.is(cause)) throw cause;
        throw new AppError("POD_FAILED", { message: `The gate of "${HOSTNAME}" for ${purpose.for} did not hand over its listeners`, fix: "Look at the machine with: sbx doctor", cause });
      });
      const whole = opened.move();
      return { gate: container, [Symbol.asyncDispose]: () => whole.disposeAsync() };
    },
  };
}
