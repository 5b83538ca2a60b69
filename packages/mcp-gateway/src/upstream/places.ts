import { AppError } from "@sbx/contracts";
import type { GatewayLimits } from "../limits.ts";
import type { ServerInstance } from "./instance.ts";

/** How many servers run at a time, in one scope and in all. One that works for nobody makes room for one that is wanted. */
export class Places {
  readonly #limits: Pick<GatewayLimits, "serversPerScope" | "servers">;
  readonly #taken = new Map<ServerInstance, string>();

  constructor(limits: Pick<GatewayLimits, "serversPerScope" | "servers">) {
    this.#limits = limits;
  }

  /** @throws AppError `SERVER_FAILED` when all run for somebody */
  async take(instance: ServerInstance, scope: string): Promise<() => void> {
    const { serversPerScope, servers } = this.#limits;
    const inScope = [...this.#taken].filter(([, owner]) => owner === scope).map(([other]) => other);
    // Taken before anything is awaited, so that two starts do not share the last place.
    this.#taken.set(instance, scope);
    const release = (): void => {
      this.#taken.delete(instance);
    };
    try {
      if (inScope.length >= serversPerScope) await makeRoom(inScope, `More than ${serversPerScope} servers of this sandbox work at the same time.`);
      else if (this.#taken.size > servers) await makeRoom([...this.#taken.keys()], `More than ${servers} servers work at the same time.`);
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }
}

async function makeRoom(instances: readonly ServerInstance[], full: string): Promise<void> {
  const idle = instances.filter((instance) => instance.idleSince !== undefined).toSorted((a, b) => (a.idleSince ?? 0) - (b.idleSince ?? 0));
  const [longest] = idle;
  if (longest === undefined) throw new AppError("SERVER_FAILED", { message: full, fix: "Remove servers that are not needed, or wait for calls to end." });
  await longest.stop();
}
