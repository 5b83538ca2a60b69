import { makeUserNamespace, type IdSwap } from "./id-map.ts";

/**
 * User namespaces by the ids that they swap, each made once and kept: making one takes a process. There are as many as
 * owners of workspaces whose ids are not those inside.
 */
export class UserNamespaces {
  readonly #made = new Map<string, Promise<number>>();

  /** A descriptor on the one for this swap; it stays open. @throws AppError `PLATFORM_UNSUPPORTED` when this machine makes none */
  async of(swap: IdSwap): Promise<number> {
    const key = JSON.stringify(swap);
    const making = this.#made.get(key) ?? makeUserNamespace(swap);
    this.#made.set(key, making);
    try {
      return await making;
    } catch (error) {
      if (this.#made.get(key) === making) this.#made.delete(key);
      throw error;
    }
  }
}
