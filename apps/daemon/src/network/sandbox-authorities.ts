import { X509Certificate, createPrivateKey } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { rootCertificates } from "node:tls";
import type { SandboxId } from "@sbx/contracts";
import type { SandboxAuthorities as AuthoritiesPort } from "@sbx/core";
import { createAuthority, type Authority } from "@sbx/egress-proxy";
import * as z from "zod";
import type { Log } from "../log.ts";
import { placeFile } from "../sandboxes/place-file.ts";

const Kept = z.strictObject({ certificate: z.string(), key: z.string() });

/**
 * Keeps the authorities of sandboxes, each in a file of the sandbox's own that only the daemon's user reads, and that no container
 * sees. It goes with the sandbox.
 */
export class SandboxAuthorities implements AuthoritiesPort {
  readonly #fileOf: (id: SandboxId) => string;
  readonly #log: Log;
  readonly #known = new Map<SandboxId, Authority>();
  /** Those of which it was said that they cannot be read: each connection asks. */
  readonly #told = new Set<SandboxId>();

  constructor({ stateDirectory, log }: { readonly stateDirectory: string; readonly log: Log }) {
    this.#fileOf = (id) => path.join(stateDirectory, "sandboxes", id, "authority.json");
    this.#log = log;
  }

  /** `undefined` for a sandbox that has none, or whose file cannot be read: then nothing is looked at, and so nothing passes. */
  of(id: SandboxId): Authority | undefined {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    try {
      const kept = Kept.parse(JSON.parse(readFileSync(this.#fileOf(id), "utf8")));
      const belongs = new X509Certificate(kept.certificate).checkPrivateKey(createPrivateKey(kept.key));
      if (!belongs) throw new Error("its key is another certificate's");
      this.#known.set(id, kept);
      return kept;
    } catch (error) {
      const absent = error instanceof Error && "code" in error && error.code === "ENOENT";
      // The error of a parser may quote what it read, which is a key.
      if (!absent && !this.#told.has(id)) this.#log.warn("authority.unreadable", { sandbox: id, error: error instanceof Error ? error.name : "unknown" });
      if (!absent) this.#told.add(id);
      return undefined;
    }
  }

  async bundle(id: SandboxId, image: string | undefined): Promise<string> {
    const { certificate } = this.of(id) ?? (await this.#make(id));
    const others = image === undefined || image.trim() === "" ? rootCertificates.join("\n") : image;
    return `${others.trimEnd()}\n${certificate.trimEnd()}\n`;
  }

  forget(id: SandboxId): void {
    this.#known.delete(id);
    this.#told.delete(id);
  }

  async #make(id: SandboxId): Promise<Authority> {
    const authority = createAuthority();
    const file = this.#fileOf(id);
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    await placeFile(file, JSON.stringify(authority), 0o600);
    this.#known.set(id, authority);
    this.#told.delete(id);
    return authority;
  }
}
