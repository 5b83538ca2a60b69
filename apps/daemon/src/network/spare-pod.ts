import type { PodId } from "@sbx/contracts";
import { compilePolicy, type CompiledPolicy } from "@sbx/egress-policy";
import type { RegisteredPod } from "./pod-register.ts";

const NOTHING = compilePolicy([]);
/** A pod that is nobody's: nothing is allowed in it, and no command changes that. */
const NOBODY: RegisteredPod = { scope: () => undefined, policy: () => NOTHING, sandbox: undefined, fields: { spare: true } };

/** A pod that is nobody's until it is given to somebody, once. */
export class SparePod implements RegisteredPod {
  readonly scope = (): string | undefined => this.#whose.scope();
  readonly policy = (): CompiledPolicy => this.#whose.policy();
  readonly #id: PodId;
  #whose = NOBODY;

  constructor(id: PodId) {
    this.#id = id;
  }

  get isGiven(): boolean {
    return this.#whose !== NOBODY;
  }

  get sandbox(): RegisteredPod["sandbox"] {
    return this.#whose.sandbox;
  }

  get requests(): RegisteredPod["requests"] {
    return this.#whose.requests;
  }

  get fields(): RegisteredPod["fields"] {
    return this.#whose.fields;
  }

  /** From here on it is decided as for this one. @throws Error when it was given before */
  give(whose: RegisteredPod): void {
    if (this.isGiven) throw new Error(`the pod ${this.#id} is somebody's already`);
    this.#whose = whose;
  }
}
