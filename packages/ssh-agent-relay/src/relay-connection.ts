import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { decideSignature, type SignRequest, type SshGrant } from "./grant.ts";
import { isKnownHost } from "./known-hosts.ts";
import { MESSAGE, SESSION_BIND } from "./messages.ts";
import { PersonAgent } from "./person-agent.ts";
import { isProved, isSameBind, readSessionBind, type SessionBind } from "./session-bind.ts";
import { readWhole, type WireReader } from "./wire-reader.ts";
import { wireMessage, wireString, wireUint32 } from "./write-wire.ts";

/** As many hops as OpenSSH's agent follows. */
const MAX_BINDS = 16;

/** Something that was done for a sandbox. */
export interface SshUse {
  readonly operation: "list" | "sign";
  /** What was signed, as far as it was looked at. */
  readonly purpose?: string;
  /** Fingerprint of the public key that signed. */
  readonly key?: string;
}

/** What a relay works with. */
export interface RelayParts {
  readonly grant: SshGrant;
  /** Open a connection to the person's agent. Rejects where there is none. */
  readonly connect: () => Promise<Duplex>;
  /** Text of the person's file of known hosts, asked for at each login; empty where there is none. */
  readonly knownHosts: () => Promise<string>;
  readonly onUsed: (use: SshUse) => void;
  readonly onRefused: (reason: string) => void;
}

/** One connection from inside: answers each message, and remembers how it was bound. Disposing ends its own connection to the person's agent. */
export class RelayConnection implements Disposable {
  readonly #parts: RelayParts;
  #agent: Promise<PersonAgent> | undefined;
  #binds: readonly SessionBind[] = [];

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  /** The answer to a message, ready to be sent. Never rejects: what is not understood, not granted or not to be had is a failure. */
  async answer(message: Buffer): Promise<Buffer> {
    const [type = 0] = message;
    const body = message.subarray(1);
    const answer = await this.#byType(type, body).catch(() => undefined);
    return answer ?? wireMessage(MESSAGE.failure);
  }

  [Symbol.dispose](): void {
    void this.#agent?.then(
      (agent) => agent[Symbol.dispose](),
      () => undefined,
    );
  }

  async #byType(type: number, body: Buffer): Promise<Buffer | undefined> {
    switch (type) {
      case MESSAGE.requestIdentities:
        return await this.#list(body);
      case MESSAGE.signRequest:
        return await this.#sign(body);
      case MESSAGE.extension:
        return await this.#extend(body);
      default:
        return this.#refuse(`message ${type} does not pass`);
    }
  }

  async #list(body: Buffer): Promise<Buffer | undefined> {
    if (body.length > 0) return this.#refuse("the request for keys cannot be read");
    const answer = await this.#ask(wireMessage(MESSAGE.requestIdentities), MESSAGE.identitiesAnswer);
    if (answer !== undefined) this.#parts.onUsed({ operation: "list" });
    return answer;
  }

  async #sign(body: Buffer): Promise<Buffer | undefined> {
    const request = readWhole(body, (reader: WireReader): SignRequest => ({ key: reader.string(), data: reader.string(), flags: reader.uint32() }));
    if (request === undefined) return this.#refuse("the request for a signature cannot be read");
    const { grant, knownHosts } = this.#parts;
    const knows = async (host: string, key: Buffer): Promise<boolean> => isKnownHost(await knownHosts(), { host, key });
    const decided = await decideSignature(grant, request, { binds: this.#binds, knows });
    if (!decided.passes) return this.#refuse(decided.reason);
    const { key, data, flags } = request;
    const answer = await this.#ask(wireMessage(MESSAGE.signRequest, wireString(key), wireString(data), wireUint32(flags)), MESSAGE.signResponse);
    if (answer !== undefined) this.#parts.onUsed({ operation: "sign", purpose: decided.purpose, key: fingerprintOf(key) });
    return answer;
  }

  async #extend(body: Buffer): Promise<Buffer | undefined> {
    const read = readWhole(body, (reader: WireReader) => ({ name: reader.name(), payload: reader.rest() }));
    if (read?.name !== SESSION_BIND) return this.#refuse("the extension does not pass");
    const bind = readSessionBind(read.payload);
    if (bind === undefined || !isProved(bind)) return this.#refuse("the session's host did not prove itself");
    const why = this.#bind(bind);
    if (why !== undefined) return this.#refuse(why);
    const { hostKey, sessionId, signature, isForwarding } = bind;
    const parts = [wireString(SESSION_BIND), wireString(hostKey), wireString(sessionId), wireString(signature), Buffer.from([isForwarding ? 1 : 0])];
    return await this.#ask(wireMessage(MESSAGE.extension, ...parts), MESSAGE.success);
  }

  /** Remember a bind that was proved; a text says why it does not pass. What is refused here still counts: whoever was once another machine's stays so. */
  #bind(bind: SessionBind): string | undefined {
    const at = this.#binds.findIndex((one) => isSameBind(one, bind));
    if (at === -1 && this.#binds.length >= MAX_BINDS) return "the connection is bound too often";
    const earlier = at === -1 ? this.#binds : this.#binds.slice(0, at);
    if (at === -1) this.#binds = [...this.#binds, bind];
    if (earlier.some(({ isForwarding }) => !isForwarding)) return "the connection is bound to another session";
    return bind.isForwarding && !this.#parts.grant.unrestricted ? "another machine asks through the sandbox" : undefined;
  }

  async #ask(request: Buffer, expected: number): Promise<Buffer | undefined> {
    this.#agent ??= this.#parts.connect().then((stream) => new PersonAgent(stream));
    const agent = await this.#agent.catch(() => undefined);
    if (agent === undefined) return this.#refuse("the person's SSH agent is not there");
    const answer = await agent.ask(request, expected).catch(() => undefined);
    if (answer === undefined) this[Symbol.dispose]();
    return answer;
  }

  #refuse(reason: string): undefined {
    this.#parts.onRefused(reason);
    return undefined;
  }
}

function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/u, "")}`;
}
