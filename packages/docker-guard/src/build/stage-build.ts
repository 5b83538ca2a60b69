import { createHash } from "node:crypto";
import type { Instruction } from "@sbx/core";
import { ImageFacts } from "../engine/engine-answers.ts";
import type { Guard } from "../guard.ts";
import { commitLayers } from "../images/commit-layers.ts";
import type { ImageBase } from "../images/image-base.ts";
import type { HistoryLine } from "../images/image-config.ts";
import { writeImage } from "../images/write-image.ts";
import { imageFacts } from "../life/resolve-image.ts";
import { Refusal } from "../refusal.ts";
import { openRunning, openStill, runStep, type BuildContainer } from "./build-container.ts";
import { copyFiles, type CopySource } from "./copy-files.ts";
import { readCopy } from "./copy-plan.ts";
import { expandDocument, refuseLarge, type Variables } from "./expand.ts";
import { applySetting, isSetting, shellOf, workdirOf, type Settings } from "./image-settings.ts";
import { readArguments } from "./read-build.ts";

/** What all stages of one build have in common. */
export interface BuildContext {
  readonly guard: Guard;
  readonly args: Variables;
  readonly globals: Variables;
  readonly cached: boolean;
  readonly offline: boolean;
  readonly source: CopySource;
  /** Text for the client. */
  readonly tell: (text: string) => void;
  readonly signal: AbortSignal;
  /** Arguments that some instruction named. */
  readonly used: Set<string>;
}

/** Settings of proxies that steps may be given without being asked for. */
const ALWAYS = new Set(["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"]);
const EPOCH = "1970-01-01T00:00:00.000Z";

/** One stage of a build while it is built: layers that are kept as steps, and settings that no image has yet. */
export class StageBuild {
  readonly #context: BuildContext;
  #base: ImageBase;
  #settings: Settings;
  #args: Variables;
  /** What the layers were made from; the same key means the same layers. */
  #key: string;
  /** The image of the layers; another build may have made other ones of the same meanwhile. */
  #image: string | undefined;
  /** Working directories that no layer has yet. */
  #unmade: readonly string[] = [];

  constructor(context: BuildContext, base: ImageBase) {
    this.#context = context;
    this.#base = base;
    this.#settings = { config: base.config, author: undefined, commandSaid: false };
    this.#args = new Map([...context.args].filter(([name]) => ALWAYS.has(name)));
    this.#key = hashOf(["layers", base.layers]);
  }

  /** What the stage is now, for who goes on from it. */
  get base(): ImageBase {
    return { ...this.#base, config: this.#settings.config };
  }

  get author(): string | undefined {
    return this.#settings.author;
  }

  /** Carry out one instruction. @throws Refusal */
  async take(instruction: Instruction): Promise<void> {
    const { name, rest } = instruction;
    if (name === "ARG") {
      this.#takeArguments(instruction);
      this.#say(`ARG ${rest}`);
    } else if (isSetting(name)) {
      this.#settings = applySetting(this.#settings, instruction, this.#variables());
      if (name === "WORKDIR") this.#unmade = [...new Set([...this.#unmade, workdirOf(this.#settings.config)])];
      this.#say(`${name} ${rest}`);
    } else if (name === "RUN") await this.#run(instruction);
    else await this.#copy(instruction);
  }

  /** Make what settings alone promised: directories that nothing was done in. */
  async finish(): Promise<void> {
    for (const path of this.#unmade) await this.#step(["WORKDIR", path], `WORKDIR ${path}`, (image) => openStill(this.#context.guard, image, path));
    this.#unmade = [];
  }

  /** The stage's files as an image, which is kept as a step; its settings are none. */
  async image(): Promise<ImageFacts> {
    const { guard } = this.#context;
    this.#image ??= (await this.#keep(this.#base, this.#key)).id;
    return imageFacts(guard, { id: this.#image });
  }

  async #run({ rest, documents, flags }: Instruction): Promise<void> {
    const { guard, tell, signal, offline } = this.#context;
    const { config } = this.#settings;
    const list = documents.length === 0 ? listOfWords(rest) : undefined;
    const [only] = documents;
    const script = only !== undefined && /^<<-?\S+$/.test(rest) ? only.text : [rest, ...documents.flatMap(({ name, text }) => [`${text}${name}`])].join("\n");
    const command = list ?? [...shellOf(config), script];
    await this.#firstDirectories();
    const env = [...this.#environment()].map(([name, value]) => `${name}=${value}`);
    const program = { command, env, user: config.User ?? "", workdir: workdirOf(config), offline: offline || flags.includes("--network=none") };
    this.#unmade = [];
    await this.#step(["RUN", program], command.join(" "), async (image) => {
      await using undo = new AsyncDisposableStack();
      const container = undo.use(await openRunning(guard, image, program));
      const code = await runStep(guard, container, { output: tell, signal });
      if (code !== 0) throw new Refusal(400, `The command '${command.join(" ")}' returned a non-zero code: ${code}`);
      const kept = undo.move();
      return { id: container.id, [Symbol.asyncDispose]: () => kept.disposeAsync() };
    });
  }

  async #copy(instruction: Instruction): Promise<void> {
    const { guard, source } = this.#context;
    const workdir = workdirOf(this.#settings.config);
    const plan = readCopy(instruction, { variables: this.#variables(), workdir });
    const documents = plan.documents.map(({ name, text, expands }) => ({ name, text: expands ? expandDocument(text, this.#variables()) : text }));
    const found = await source.find({ ...plan, unpacks: instruction.name === "ADD" });
    await this.#firstDirectories();
    this.#unmade = [];
    const line = `${instruction.name} ${instruction.flags.join(" ")} ${instruction.rest}`;
    await this.#step(["COPY", workdir, plan.target, plan.owner, plan.mode, found.hash, documents], line, async (image) => {
      await using undo = new AsyncDisposableStack();
      const container = undo.use(await openStill(guard, image, workdir));
      await copyFiles(guard, { container: container.id, plan, found, documents, spool: source.spool });
      const kept = undo.move();
      return { id: container.id, [Symbol.asyncDispose]: () => kept.disposeAsync() };
    });
  }

  /** The engine makes the working directory of a step's container; earlier ones that nothing was done in need their own. */
  async #firstDirectories(): Promise<void> {
    const current = workdirOf(this.#settings.config);
    for (const path of this.#unmade.filter((one) => one !== current)) await this.#step(["WORKDIR", path], `WORKDIR ${path}`, (image) => openStill(this.#context.guard, image, path));
  }

  /** Do what makes a layer, or take the layer that the same made before. */
  async #step(what: readonly unknown[], line: string, work: (image: ImageFacts) => Promise<BuildContainer>): Promise<void> {
    const { guard, cached, tell, signal } = this.#context;
    signal.throwIfAborted();
    const key = hashOf([this.#key, ...what]);
    const known = cached ? guard.images.step(key) : undefined;
    const before = this.#base.layers.length;
    const facts = known === undefined ? undefined : ImageFacts.safeParse((await guard.parts.engine.call({ method: "GET", path: ["images", known.id, "json"] })).body).data;
    if (known !== undefined && facts !== undefined) {
      tell(" ---> Using cache\n");
      this.#base = { ...this.#base, layers: facts.RootFS?.Layers ?? [], ours: known.layers };
      this.#image = known.id;
    } else {
      const image = await this.image();
      await using container = await work(image);
      await using committed = await commitLayers(guard, { container: container.id, base: this.#base, pause: false });
      this.#base = { ...this.#base, layers: committed.layers, ours: committed.ours };
      this.#image = (await this.#keep(this.#base, key)).id;
    }
    this.#key = key;
    this.#note(line, this.#base.layers.length === before);
  }

  async #keep(base: ImageBase, step: string): Promise<{ readonly id: string }> {
    const { guard } = this.#context;
    await makeRoom(guard);
    using _count = guard.images.quota.take();
    const layers = base.layers.map((diffId) => ({ diffId }));
    const history = base.layers.map(() => ({ created: EPOCH, created_by: step }));
    const { architecture, os, variant, ours } = base;
    const written = await writeImage(guard, { config: {}, architecture, os, variant, created: EPOCH, layers, history });
    return await guard.images.keep({ ...written, layers: ours, step });
  }

  #say(line: string): void {
    this.#note(`/bin/sh -c #(nop)  ${line}`, true);
  }

  #note(created_by: string, empty: boolean): void {
    const line: HistoryLine = { created: this.#context.guard.parts.now().toISOString(), created_by, ...(empty ? { empty_layer: true } : {}) };
    this.#base = { ...this.#base, history: [...this.#base.history, line] };
  }

  #takeArguments(instruction: Instruction): void {
    const { args, globals, used } = this.#context;
    const known = new Map(this.#args);
    for (const [name, value] of readArguments(instruction, this.#variables())) {
      used.add(name);
      const given = args.get(name) ?? value ?? globals.get(name);
      if (given !== undefined) known.set(name, given);
    }
    this.#args = known;
  }

  /** ENV counts before ARG. */
  #variables(): Variables {
    const env = (this.#settings.config.Env ?? []).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const);
    const variables = new Map([...this.#args, ...env]);
    refuseLarge(variables);
    return variables;
  }

  #environment(): Variables {
    return this.#variables();
  }
}

/** Steps are worth less than images: the oldest ones go when there is no room. */
async function makeRoom({ images, parts: { limits } }: Guard): Promise<void> {
  const steps = images.steps().toSorted((a, b) => a.created.localeCompare(b.created));
  const all = images.all().length + steps.length;
  for (const { id } of steps.slice(0, Math.max(0, all + 4 - limits.images))) await images.remove(id);
}

function listOfWords(rest: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(rest);
    return Array.isArray(value) && value.length > 0 && value.every((word) => typeof word === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

function hashOf(what: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(what)).digest("hex");
}
