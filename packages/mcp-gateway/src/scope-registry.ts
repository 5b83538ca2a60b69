import { randomUUID } from "node:crypto";
import { AppError } from "@sbx/contracts";
import { ByteBudget } from "./byte-budget.ts";
import type { GatewayParts } from "./gateway-options.ts";
import { HttpRefusal } from "./http/refusal.ts";
import type { Caller } from "./ports.ts";
import { Session, type Outlet } from "./session/session.ts";
import { Places } from "./upstream/places.ts";
import { Scope } from "./view/scope.ts";
import type { ServerSlot } from "./view/server-slot.ts";

/** A server that runs now, or is on its way to. */
export interface InstanceView {
  readonly server: string;
  readonly caller: Caller;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Requests that it was asked since. */
  readonly calls: number;
  /** While it is not there yet: what is done for it now; `startedAt` is when that began. */
  readonly step?: string;
}

const CLOSED = new AppError("SESSION_NOT_FOUND", { message: "The scope of the session was closed.", fix: "Initialize a new session." });

/** The scopes that are in use, and the sessions in them. */
export class ScopeRegistry implements AsyncDisposable {
  readonly parts: GatewayParts;
  readonly #places: Places;
  readonly #scopes = new Map<string, Scope>();
  readonly #sessions = new Map<Session, Scope>();
  readonly #bodies = new Map<string, ByteBudget>();
  readonly #ending = new Set<Promise<void>>();

  constructor(parts: GatewayParts) {
    this.parts = parts;
    this.#places = new Places(parts.limits);
  }

  get scopes(): readonly Scope[] {
    return [...this.#scopes.values()];
  }

  /** What a caller may send at once, before it is known what for. */
  bodiesOf({ kind, scope }: Caller): ByteBudget {
    const key = `${kind}:${scope}`;
    const known = this.#bodies.get(key);
    if (known !== undefined) return known;
    const budget = new ByteBudget(this.parts.limits.scopeBytes, this.parts.budget);
    this.#bodies.set(key, budget);
    return budget;
  }

  /** Open a session of a caller. Each session of a client on the host is a scope of its own. @throws HttpRefusal 503 at a limit */
  openSession(caller: Caller, outlet: Outlet, onEnd: (session: Session) => void): Session {
    this.#makeRoom(caller);
    const scope = this.#scopeOf(caller.kind === "host" ? { kind: "host", scope: `${caller.scope}/${randomUUID()}` } : caller);
    const session = new Session({
      scope,
      outlet,
      onEnd: (ended) => {
        this.#sessions.delete(ended);
        onEnd(ended);
        if (scope.caller.kind === "host") this.#track(this.#close(scope));
      },
    });
    this.#sessions.set(session, scope);
    this.parts.runner.expect?.();
    return session;
  }

  /** Clients go away without ending their session: at the limit of a caller its own oldest idle one is ended, never that of another. */
  #makeRoom(caller: Caller): void {
    const { sessions, sessionsPerScope } = this.parts.limits;
    // Many clients of the host share one allowance, as those of a sandbox do.
    const isMine = ({ kind, scope }: Caller): boolean => kind === caller.kind && (kind === "host" || scope === caller.scope);
    const mine = [...this.#sessions].filter(([, scope]) => isMine(scope.caller)).map(([session]) => session);
    if (mine.length < sessionsPerScope && this.#sessions.size < sessions) return;
    const idle = mine.find((session) => session.idle);
    if (idle === undefined) throw new HttpRefusal(503, "There are too many sessions. End some, or try later.");
    idle.end(new AppError("SESSION_NOT_FOUND", { message: "The session was idle, and another one needed its place.", fix: "Initialize a new one." }));
  }

  /** Take over what the state says now, for one scope of callers or all: servers that a person enabled or took away. */
  async refresh(scope?: string): Promise<void> {
    await Promise.all(this.scopes.filter(({ caller }) => scope === undefined || caller.scope === scope).map(async (one) => await one.refresh()));
  }

  /** Stop all that a sandbox had running. */
  async close(scope: string): Promise<void> {
    const gone = this.scopes.filter(({ caller }) => caller.scope === scope);
    this.#bodies.delete(`sandbox:${scope}`);
    await Promise.all(gone.map(async (one) => await this.#close(one)));
  }

  instances(): readonly InstanceView[] {
    return this.#slots().flatMap(({ caller, slot: { entry, instance } }) => {
      const { life, starting } = instance;
      if (life !== undefined) return [{ server: entry.name, caller, ...life }];
      return starting === undefined ? [] : [{ server: entry.name, caller, startedAt: starting.since, calls: 0, step: starting.step }];
    });
  }

  logs(server: string): string {
    const texts = this.#slotsOf(server).map(({ slot }) => slot.instance.log());
    return texts.filter((text) => text !== "").join("\n");
  }

  async restart(server: string): Promise<number> {
    const running = this.#slotsOf(server).filter(({ slot }) => slot.instance.running !== undefined);
    await Promise.all(running.map(async ({ slot }) => await slot.instance.stop()));
    return running.length;
  }

  #slots(): readonly { readonly caller: Caller; readonly slot: ServerSlot }[] {
    return this.scopes.flatMap(({ caller, slots }) => slots.map((slot) => ({ caller, slot })));
  }

  #slotsOf(server: string): readonly { readonly caller: Caller; readonly slot: ServerSlot }[] {
    return this.#slots().filter(({ slot }) => slot.entry.name === server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.scopes.map(async (scope) => await this.#close(scope)));
    await Promise.all(this.#ending);
  }

  #scopeOf(caller: Caller): Scope {
    const key = `${caller.kind}:${caller.scope}`;
    let scope = this.#scopes.get(key);
    if (scope === undefined) {
      scope = new Scope({ caller, parts: this.parts, places: this.#places });
      this.#scopes.set(key, scope);
    }
    return scope;
  }

  async #close(scope: Scope): Promise<void> {
    if (this.#scopes.get(scope.key) !== scope) return;
    this.#scopes.delete(scope.key);
    // Nobody works on in a scope that is closed: what it started would belong to nobody.
    for (const [session, its] of this.#sessions) if (its === scope) session.end(CLOSED);
    if (scope.caller.kind === "host") this.parts.state.forget(scope.caller);
    await scope[Symbol.asyncDispose]();
  }

  #track(ending: Promise<void>): void {
    const done: Promise<void> = ending.catch(this.parts.onFault).finally(() => this.#ending.delete(done));
    this.#ending.add(done);
  }
}
