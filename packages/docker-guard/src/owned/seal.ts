import { createHmac, timingSafeEqual } from "node:crypto";
import type { SandboxId } from "@sbx/contracts";

/** What kind of thing a record is of; also the role by which the engine's listings are filtered. */
export type Role = "child" | "child-volume" | "child-network" | "child-image" | "child-image-name" | "child-build" | "child-places";

const RECORD = "dev.sbx.docker.record";
const SEAL = "dev.sbx.docker.seal";
const SANDBOX = "dev.sbx.sandbox";
const ROLE = "dev.sbx.role";

/**
 * Keeps records as labels in the engine, so that they outlive the guard.
 *
 * A label proves nothing by itself: an image brings labels along, and whoever runs that image on the host would hand
 * the container to the sandbox. So each record carries a code that only the daemon can make.
 */
export class Seal {
  readonly #key: Uint8Array;
  readonly #sandbox: SandboxId;
  readonly #owner: Readonly<Record<string, string>>;

  constructor({ key, sandbox, owner }: { readonly key: Uint8Array; readonly sandbox: SandboxId; readonly owner: Readonly<Record<string, string>> }) {
    if (key.length < 32) throw new Error("a key has at least 32 bytes");
    this.#key = key;
    this.#sandbox = sandbox;
    this.#owner = owner;
  }

  /** All labels of a thing of this sandbox. */
  labels(role: Role, record: string): Readonly<Record<string, string>> {
    return { ...this.#owner, [SANDBOX]: this.#sandbox, [ROLE]: role, [RECORD]: record, [SEAL]: this.#code(role, record).toString("hex") };
  }

  /** For the engine's filters: things that say they are ours. */
  filter(role: Role): readonly string[] {
    return [`${SANDBOX}=${this.#sandbox}`, `${ROLE}=${role}`];
  }

  /** The record of a thing that is ours; `undefined` of one that only says so. */
  open(role: Role, labels: Readonly<Record<string, string>>): string | undefined {
    const record = labels[RECORD];
    if (record === undefined || labels[SANDBOX] !== this.#sandbox || labels[ROLE] !== role) return undefined;
    const code = Buffer.from(labels[SEAL] ?? "", "hex");
    const expected = this.#code(role, record);
    return code.length === expected.length && timingSafeEqual(code, expected) ? record : undefined;
  }

  #code(role: Role, record: string): Buffer {
    return createHmac("sha256", this.#key)
      .update(JSON.stringify([this.#sandbox, role, record]))
      .digest();
  }
}
