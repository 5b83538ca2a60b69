import type { EventFields, PodId, RecordEvent, RecordPodEvent, SandboxId } from "@sbx/contracts";
import type { CompiledPolicy } from "@sbx/egress-policy";
import type { Authority, HostCredential } from "@sbx/egress-proxy";

/** Pods that have gone and whose last events may still come. */
const KEPT_GONE = 256;

/** What the wall needs to look at requests, as it stands when it is asked. */
export interface LookedAt {
  readonly authority: () => Authority | undefined;
  readonly credentials: () => readonly HostCredential[];
}

/** What the daemon knows of a pod, for whoever meets only its id. */
export interface RegisteredPod {
  /** Narrows a command to it: `--sandbox NAME`, `--server NAME`; `undefined` where no command of a person changes what it may reach. */
  readonly scope: () => string | undefined;
  /** What decides for it now. @throws when nothing may be decided: nothing is allowed then. */
  readonly policy: () => CompiledPolicy;
  /** How its requests within TLS are looked at, and what is put on them; absent where its programs trust no authority of ours. */
  readonly requests?: LookedAt | undefined;
  /** In whose record its events stand; absent for what works for nobody's sandbox. */
  readonly sandbox: SandboxId | undefined;
  /** What tells it apart there. */
  readonly fields: EventFields;
}

/** Who is who among the pods: sandboxes, servers, and whatever else gets a network of its own. */
export class PodRegister {
  readonly #open = new Map<PodId, RegisteredPod>();
  readonly #gone = new Map<PodId, RegisteredPod>();

  /** Make a pod known; the result takes it back. @throws Error for an id that is taken */
  add(id: PodId, pod: RegisteredPod): () => void {
    if (this.#open.has(id)) throw new Error(`the pod ${id} is open already`);
    this.#open.set(id, pod);
    return () => {
      if (this.#open.get(id) === pod) this.#open.delete(id);
      this.#remember(id, pod);
    };
  }

  /** @throws Error for a pod that is not open: what asks about it is refused */
  get(id: PodId): RegisteredPod {
    const pod = this.#open.get(id);
    if (pod === undefined) throw new Error(`the pod ${id} is not open`);
    return pod;
  }

  /** Put the events of pods into the record of those that they belong to. */
  recorder(record: RecordEvent): RecordPodEvent {
    return ({ type, pod: id, fields }) => {
      const pod = this.#open.get(id) ?? this.#gone.get(id);
      const whose = pod === undefined ? { fields: { ...fields, pod: id } } : { fields: { ...fields, ...pod.fields }, ...(pod.sandbox === undefined ? {} : { sandbox: pod.sandbox }) };
      record({ type, ...whose });
    };
  }

  #remember(id: PodId, pod: RegisteredPod): void {
    this.#gone.delete(id);
    this.#gone.set(id, pod);
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > KEPT_GONE && oldest !== undefined) this.#gone.delete(oldest);
  }
}
