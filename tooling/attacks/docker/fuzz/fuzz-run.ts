import { setTimeout as sleep } from "node:timers/promises";
import { removeSandboxImages } from "@sbx/docker-guard";
import { aSandboxId } from "../../pod/pod-lab.ts";
import { IMAGE, type DockerLab, type GuardedSandbox } from "../lab.ts";
import { signatureOf } from "./corpus.ts";
import { EngineLog } from "./engine-log.ts";
import { placed, type FuzzCase, type Places } from "./fuzz-case.ts";
import { makeOthers, type Others } from "./others.ts";
import { OPEN_FORMS, requestBytes } from "./request-bytes.ts";
import { speak, type Spoken } from "./speak.ts";
import { Witness } from "./witness.ts";

/** A case with which something got through, or that was answered as nothing should be. */
export interface Finding {
  readonly what: readonly string[];
  /** In the order in which they were sent; the last one is the likeliest. */
  readonly cases: readonly FuzzCase[];
}

/** What came of a run. */
export interface FuzzOutcome {
  /** How many were let pass, by kind. */
  readonly passed: Readonly<Record<FuzzCase["kind"], number>>;
  /** How much of the engine was looked at. */
  readonly looked: Witness["looked"];
  readonly findings: readonly Finding[];
  /** Cases whose answers were none of those known before, by what told them apart. */
  readonly fresh: ReadonlyMap<string, FuzzCase>;
}

/** After so many the things that were let pass are removed, and what belongs to others is looked at. */
const ROUND = 100;
const FRESH_CHILD = 10;
/** All that a guard has to say, beside that something was done. */
const REFUSALS = new Set([0, 304, 400, 403, 404, 405, 408, 409, 411, 413, 414, 415, 417, 431, 501, 505]);

/** One guard under fire: cases are sent to it, and after each it is looked at what became of it in the engine. */
export class FuzzRun implements AsyncDisposable {
  readonly #lab: DockerLab;
  readonly #box: GuardedSandbox;
  readonly #witness: Witness;
  readonly #others: Others;
  readonly #log: EngineLog;
  readonly #held: AsyncDisposableStack;
  readonly #found: ((finding: Finding) => void) | undefined;
  readonly #passed = { create: 0, exec: 0, build: 0, volume: 0, network: 0 };
  readonly #findings: Finding[] = [];
  readonly #seen = new Set<string>();
  readonly fresh = new Map<string, FuzzCase>();
  #round: FuzzCase[] = [];
  #rounds = 0;
  #places: Places = {};
  #state = "";

  private constructor(parts: {
    readonly lab: DockerLab;
    readonly box: GuardedSandbox;
    readonly witness: Witness;
    readonly others: Others;
    readonly log: EngineLog;
    readonly held: AsyncDisposableStack;
    readonly found: ((finding: Finding) => void) | undefined;
  }) {
    this.#lab = parts.lab;
    this.#box = parts.box;
    this.#witness = parts.witness;
    this.#others = parts.others;
    this.#log = parts.log;
    this.#held = parts.held;
    this.#found = parts.found;
  }

  static async open(lab: DockerLab, found?: (finding: Finding) => void): Promise<FuzzRun> {
    await using held = new AsyncDisposableStack();
    const others = held.use(await makeOthers(lab));
    const sandbox = aSandboxId();
    const { facts } = lab.raw;
    let box: GuardedSandbox | undefined = undefined;
    const bounds = () => ({
      gates: box?.pods.gates() ?? [],
      workspace: box?.workspace ?? "",
      sandbox,
      memoryBytes: Math.min(facts.memoryBytes, 4 * 2 ** 30),
      nanoCpus: Math.min(facts.cpus, 4) * 1e9,
    });
    const witness = new Witness({ engine: lab.raw, bounds, images: [lab.image.id] });
    const opened: GuardedSandbox = held.use(await lab.guard({ sandbox, pods: "shared", engine: witness, limits: { execs: 2 ** 20, streams: 2 ** 12, volumes: 2 * ROUND, networks: ROUND } }));
    box = opened;
    const log = held.use(await EngineLog.follow(lab.raw));
    const run = new FuzzRun({ lab, box: opened, witness, others, log, held: held.move(), found });
    run.#state = await others.state(opened);
    await run.#freshChild();
    return run;
  }

  /** Those that were sent so far are known, and none of them is new. */
  know(): void {
    this.fresh.clear();
  }

  /** Send one case and look at what came of it. */
  async take(one: FuzzCase): Promise<void> {
    this.#round.push(one);
    const bytes = await requestBytes(placed(one, { ...this.#places, name: `c${this.#round.length}`, exec: this.#witness.lastExec ?? "x", execshort: (this.#witness.lastExec ?? "x").slice(0, 12) }));
    const open = OPEN_FORMS.has(one.form) || one.noise !== undefined;
    const spoken = await speak(this.#box.socket, bytes, { open });
    while (this.#witness.busy && open) await sleep(2);
    this.#judge(one, spoken);
    for (const id of this.#settle([...this.#round.slice(-3, -1), one])) await this.#box.ask("DELETE", `/v1.41/containers/${id}?force=1&v=1`);
    if (this.#round.length >= ROUND) await this.#endRound();
  }

  /** The end: nothing is left of the sandbox, and all else is as it was. */
  async end(): Promise<FuzzOutcome> {
    await this.#endRound();
    return { passed: this.#passed, looked: this.#witness.looked, findings: this.#findings, fresh: this.fresh };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held.disposeAsync();
    await removeSandboxImages({ engine: this.#lab.raw, sandbox: this.#box.sandbox, key: this.#box.key, onFault: () => undefined });
  }

  #judge(one: FuzzCase, spoken: Spoken): void {
    const { status, text } = spoken;
    if (status >= 100 && status < 300 && !text.includes('"errorDetail"')) this.#passed[one.kind] += 1;
    else if (!REFUSALS.has(status) && status >= 300) this.#find([`answered ${status}: ${text.slice(0, 300)}`], [one]);
    for (const fault of this.#box.faults.splice(0)) this.#find([`a fault of the guard's: ${String(fault)}`], [one]);
    const signature = signatureOf(one, spoken);
    if (!this.#seen.has(signature)) this.fresh.set(signature, one);
    this.#seen.add(signature);
  }

  /** What the witness saw; @returns containers that were made */
  #settle(cases: readonly FuzzCase[]): readonly string[] {
    const { faults, made } = this.#witness.take();
    for (const { call, rules } of faults) this.#find([`${call}: ${rules.join(", ")}`], cases);
    return made;
  }

  /** A container that runs, for what needs one: now and then another one, as the engine keeps all of its processes. */
  async #freshChild(): Promise<void> {
    const { child = "none" } = this.#places;
    const { json } = await this.#box.ask("GET", `/v1.41/containers/${child}/json`);
    const runs = (json as { readonly State?: { readonly Running: boolean } } | undefined)?.State?.Running === true;
    if (runs && this.#rounds % FRESH_CHILD !== 0) return;
    await this.#box.ask("DELETE", `/v1.41/containers/${child}?force=1&v=1`);
    const id = await this.#box.child();
    this.#settle([]);
    const { Name = "" } = (await this.#box.ask("GET", `/v1.41/containers/${id}/json`)).json as { readonly Name?: string };
    await this.#box.ask("POST", "/v1.41/networks/create", { Name: "n0" });
    await this.#box.ask("POST", "/v1.41/volumes/create", { Name: "v0" });
    const { Id: networkid = "" } = (await this.#box.ask("GET", "/v1.41/networks/n0")).json as { readonly Id?: string };
    this.#places = {
      ...this.#others.places,
      workspace: this.#box.workspace,
      image: IMAGE,
      imageid: this.#lab.image.id.slice(-64),
      gate: this.#box.pods.gates()[0] ?? "",
      child: id,
      childname: Name.slice(1),
      childshort: id.slice(0, 12),
      network: "n0",
      networkid,
      volume: "v0",
    };
  }

  #find(what: readonly string[], cases: readonly FuzzCase[]): void {
    const finding = { what, cases: [...cases] };
    this.#findings.push(finding);
    this.#found?.(finding);
  }

  async #endRound(): Promise<void> {
    await this.#box.ask("POST", "/v1.41/containers/prune");
    await this.#box.ask("POST", `/v1.41/images/prune?filters=${encodeURIComponent('{"dangling":["false"]}')}`);
    await this.#box.ask("POST", "/v1.41/build/prune");
    await this.#box.ask("POST", "/v1.41/networks/prune");
    await this.#box.ask("POST", `/v1.41/volumes/prune?filters=${encodeURIComponent('{"all":["true"]}')}`);
    this.#rounds += 1;
    await this.#freshChild();
    const state = await this.#others.state(this.#box);
    if (state !== this.#state) this.#find([`what belongs to others is not as it was: ${difference(this.#state, state)}`], this.#round);
    this.#state = state;
    const unseen = this.#log.unseen(this.#witness.containers);
    if (unseen.length > 0) this.#find([`made in the engine, and not by a call of the guard's: ${unseen.join(", ")}`], this.#round);
    this.#round = [];
  }
}

function difference(before: string, after: string): string {
  const at = [...before].findIndex((character, place) => after[place] !== character);
  return `${before.slice(Math.max(0, at - 100), at + 200)} / ${after.slice(Math.max(0, at - 100), at + 200)}`;
}
