import { randomInt } from "node:crypto";
import { AppError, decodeHoldAnswer, encodeHoldHello, encodeHoldLeave, encodeHoldStart, HOLD_ANSWER_BYTES, HOLD_OUTPUTS, type HoldAnswer } from "@sbx/contracts";
import { KILLED_EXIT, leftAlone, type ExecProcess, type ExecSpec, type InitStarter } from "@sbx/core";
import { closeDescriptor, receiveDescriptors, sendDescriptors, watchReadable, type ReadableWatch } from "@sbx/syscalls";
import { noInput, PipeInput } from "./pipe-input.ts";
import { PipeOutput } from "./pipe-output.ts";
import { closeDescriptors, makeProgramPipes, type ProgramPipes } from "./program-pipes.ts";

/** Pid 1 answers a start at once; one that does not is not asked again. */
const ANSWER_MS = 30_000;
/** Answers taken before others have their turn. */
const BATCH = 64;
/** Ends of programs that an earlier daemon started; more than there can be, and answers that were given already, are no pid 1's of ours. */
const MOST_UNASKED = 1024;

export interface HoldLinkParts {
  /** The connection of pid 1, whose other end nothing else in the container has. The link's from now on. */
  readonly connection: number;
  /** Whether this process may give pipes to a user: as root, or as that user. */
  readonly mayBe?: (uid: number) => boolean;
}

interface Owed {
  /** Whether it was said that it was started, or was not. */
  isAnswered: boolean;
  readonly started: PromiseWithResolvers<boolean>;
  readonly exited: PromiseWithResolvers<number>;
}

/**
 * Starts programs through a container's own pid 1.
 *
 * Pid 1 runs as the user of all that runs in the container, so it is not believed: it is told only what that user may know,
 * shares no open file with this process, and what it says of an end is what the container says of itself anyway.
 */
export class HoldLink implements InitStarter, Disposable {
  readonly #connection: number;
  readonly #mayBe: (uid: number) => boolean;
  readonly #watch: ReadableWatch;
  readonly #owed = new Map<number, Owed>();
  #id = randomInt(2 ** 32);
  #unasked = 0;
  #open = true;

  constructor({ connection, mayBe = ownsOrRoot }: HoldLinkParts) {
    this.#connection = connection;
    this.#mayBe = mayBe;
    this.#watch = watchReadable(connection, () => this.#read());
    this.#send(encodeHoldHello(), []);
  }

  /** Whether pid 1 can still be asked. */
  get isOpen(): boolean {
    return this.#open;
  }

  async start(spec: Omit<ExecSpec, "tty">): Promise<ExecProcess | undefined> {
    const user = userOf(spec.user);
    const id = this.#nextId();
    const request = encodeHoldStart({ id, ...spec });
    if (!this.#open || request === undefined || user === undefined || !this.#mayBe(user.uid)) return undefined;
    const pipes = attempt(() => makeProgramPipes({ stdin: spec.stdin, user }));
    if (pipes === undefined) return undefined;
    const owed: Owed = { isAnswered: false, started: Promise.withResolvers(), exited: Promise.withResolvers() };
    owed.exited.promise.catch(() => undefined);
    this.#owed.set(id, owed);
    const sent = this.#send(request, pipes.far);
    closeDescriptors(pipes.far);
    if (sent && (await this.#isStarted(owed, pipes))) return this.#process(id, owed, pipes);
    this.#owed.delete(id);
    closeNear(pipes);
    return undefined;
  }

  /** Read what it has said, and speak with it no more. Programs go on. */
  [Symbol.dispose](): void {
    this.#read(Infinity);
    this.#close(leftAlone);
  }

  async #isStarted({ started }: Owed, pipes: ProgramPipes): Promise<boolean> {
    const timer = setTimeout(() => this.#close(unclear), ANSWER_MS);
    try {
      return await started.promise;
    } catch (error) {
      closeNear(pipes);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #process(id: number, owed: Owed, { near }: ProgramPipes): ExecProcess {
    const output = (descriptor: number, bit: number): PipeOutput => new PipeOutput(descriptor, () => this.#leave(id, bit));
    const [stdout, stderr] = [output(near.stdout, HOLD_OUTPUTS.stdout), output(near.stderr, HOLD_OUTPUTS.stderr)];
    const input = near.stdin === undefined ? undefined : new PipeInput(near.stdin);
    const stdin = input ?? noInput();
    void owed.exited.promise.catch(() => undefined).then(() => input?.release());
    const exit = owed.exited.promise.then(async (code) => {
      await Promise.all([stdout.linger(), stderr.linger()]);
      return code;
    });
    exit.catch(() => undefined);
    return {
      stdin,
      stdout: stdout.stream,
      stderr: stderr.stream,
      exit,
      resize: () => Promise.resolve(),
      detach: () => {
        owed.exited.reject(leftAlone());
        for (const stream of [stdin, stdout, stderr]) stream.destroy();
      },
    };
  }

  #leave(id: number, outputs: number): void {
    if (this.#open && this.#owed.has(id)) this.#send(encodeHoldLeave({ id, outputs }), []);
  }

  #send(bytes: Uint8Array, descriptors: readonly number[]): boolean {
    return this.#open && attempt(() => sendDescriptors(this.#connection, bytes, descriptors)) === true;
  }

  #read(most: number = BATCH): void {
    for (let taken = 0; this.#open && taken < most; taken += 1) {
      const received = attempt(() => receiveDescriptors(this.#connection, HOLD_ANSWER_BYTES + 1) ?? "nothing");
      if (received === "nothing") return;
      if (received === undefined || received.bytes.byteLength === 0) return this.#end();
      closeDescriptors(received.descriptors);
      const answer = decodeHoldAnswer(received.bytes);
      if (answer === undefined || received.descriptors.length > 0) return this.#close(unclear);
      this.#take(answer);
    }
  }

  #take({ kind, id, value }: HoldAnswer): void {
    const owed = this.#owed.get(id);
    const isUnasked = owed === undefined || (kind !== "exited" && owed.isAnswered);
    if (isUnasked) {
      this.#unasked += 1;
      if (this.#unasked > MOST_UNASKED) this.#close(unclear);
      return;
    }
    owed.isAnswered = true;
    if (kind !== "exited") return owed.started.resolve(kind === "started");
    this.#owed.delete(id);
    owed.started.resolve(true);
    owed.exited.resolve(value);
  }

  /** Pid 1 has ended, and everything with it. */
  #end(): void {
    for (const { started, exited } of this.#owed.values()) {
      started.resolve(true);
      exited.resolve(KILLED_EXIT);
    }
    this.#owed.clear();
    this.#close(leftAlone);
  }

  #close(why: () => AppError): void {
    if (!this.#open) return;
    this.#open = false;
    this.#watch.close();
    closeDescriptor(this.#connection);
    for (const { started, exited } of this.#owed.values()) {
      started.reject(why());
      exited.reject(why());
    }
    this.#owed.clear();
  }

  #nextId(): number {
    do this.#id = (this.#id + 1) % 2 ** 32;
    while (this.#owed.has(this.#id));
    return this.#id;
  }
}

function userOf(user: string): { readonly uid: number; readonly gid: number } | undefined {
  const found = /^(\d{1,10}):(\d{1,10})$/.exec(user);
  return found === null ? undefined : { uid: Number(found[1]), gid: Number(found[2]) };
}

function ownsOrRoot(uid: number): boolean {
  const own = process.geteuid?.();
  return own === 0 || own === uid;
}

function closeNear({ near }: ProgramPipes): void {
  closeDescriptors(Object.values(near));
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function unclear(): AppError {
  return new AppError("ENGINE_FAILED", {
    message: "The sandbox's first process does not answer as it should; whether the program runs is not known.",
    fix: "Start the sandbox again: sbx stop, then sbx run.",
  });
}
