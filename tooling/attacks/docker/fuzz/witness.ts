import type { EngineFacts, EngineRequest, GuardEngine } from "@sbx/docker-guard";
import { containerFaults, execFaults, imageFaults, volumeFaults, type Bounds } from "./isolation-rules.ts";
import { processFaults } from "./process-rules.ts";

/** Something that a guard did and may not do. */
export interface Fault {
  /** What the engine was asked. */
  readonly call: string;
  readonly rules: readonly string[];
}

type Answer = Awaited<ReturnType<GuardEngine["call"]>>;

/** Every call that a guard has to make of the engine. No other is one that a sandbox may cause. */
const CALLS: readonly (readonly [method: string, path: RegExp])[] = [
  ["GET", /^(?:version|info|events|volumes|containers\/json|images\/json)$/],
  ["GET", /^containers\/CONTAINER\/(?:json|logs|stats|top|archive)$/],
  ["HEAD", /^containers\/CONTAINER\/archive$/],
  ["PUT", /^containers\/CONTAINER\/archive$/],
  ["POST", /^containers\/CONTAINER\/(?:attach|exec|kill|pause|rename|resize|start|stop|unpause|wait)$/],
  ["DELETE", /^containers\/CONTAINER$/],
  ["POST", /^(?:containers\/create|volumes\/create|commit|images\/load)$/],
  ["GET", /^exec\/EXEC\/json$/],
  ["POST", /^exec\/EXEC\/(?:start|resize)$/],
  ["DELETE", /^volumes\/VOLUME$/],
  ["GET", /^images\/(?:IMAGE|OWN-IMAGE)\/(?:json|history)$/],
  ["POST", /^images\/IMAGE\/tag$/],
  ["DELETE", /^images\/(?:OWN-IMAGE|OWN-TAG)$/],
];

/**
 * An engine that looks at all that a guard asks of it: that no call is one of those that reach beyond the sandbox, that
 * each names things of the sandbox alone, and what each became in the engine, before anybody can change it again.
 *
 * It knows nothing of how the guard decides, and asks the engine itself.
 */
export class Witness implements GuardEngine {
  readonly #engine: GuardEngine;
  readonly #bounds: () => Bounds;
  readonly #containers = new Set<string>();
  readonly #execs = new Map<string, string>();
  readonly #committed = new Set<string>();
  readonly #images: ReadonlySet<string>;
  #fresh: string[] = [];
  #faults: Fault[] = [];
  #underWay = 0;
  /** What was made, by kind: how much was looked at. */
  readonly looked = { containers: 0, execs: 0, volumes: 0, images: 0, processes: 0 };

  /** `images`: ids of those that the sandbox may run from the beginning. */
  constructor({ engine, bounds, images }: { readonly engine: GuardEngine; readonly bounds: () => Bounds; readonly images: readonly string[] }) {
    this.#engine = engine;
    this.#bounds = bounds;
    this.#images = new Set(images);
  }

  get facts(): EngineFacts {
    return this.#engine.facts;
  }

  /** The engine's word for one of the sandbox's processes, the last that was made. */
  get lastExec(): string | undefined {
    return [...this.#execs.keys()].at(-1);
  }

  /** Containers that were made by now. */
  get containers(): ReadonlySet<string> {
    return this.#containers;
  }

  /** Whether the guard is still at something. */
  get busy(): boolean {
    return this.#underWay > 0;
  }

  /** What was found since it was asked last, and which containers were made. */
  take(): { readonly faults: readonly Fault[]; readonly made: readonly string[] } {
    const taken = { faults: this.#faults, made: this.#fresh };
    this.#faults = [];
    this.#fresh = [];
    return taken;
  }

  async call(request: EngineRequest): Promise<Answer> {
    return this.#watched(request, async () => {
      const answer = await this.#engine.call(request);
      await this.#look(request, answer);
      return answer;
    });
  }

  async stream(request: EngineRequest): ReturnType<GuardEngine["stream"]> {
    return this.#watched(request, () => this.#engine.stream(request));
  }

  async hijack(request: EngineRequest): ReturnType<GuardEngine["hijack"]> {
    return this.#watched(request, () => this.#engine.hijack(request));
  }

  async #watched<T>(request: EngineRequest, make: () => Promise<T>): Promise<T> {
    this.#judgeCall(request);
    this.#underWay += 1;
    try {
      return await make();
    } finally {
      this.#underWay -= 1;
    }
  }

  #blame(request: EngineRequest, rules: readonly string[]): void {
    if (rules.length > 0) this.#faults.push({ call: `${request.method} ${request.path.join("/")}`, rules });
  }

  #judgeCall(request: EngineRequest): void {
    const shape = request.path.map((segment, at) => this.#kindOf(request.path[0] ?? "", { segment, at })).join("/");
    if (!CALLS.some(([method, path]) => method === request.method && path.test(shape))) this.#blame(request, [`a call that is none of a guard's: ${shape}`]);
    const { container, repo } = request.query ?? {};
    if (request.path[0] === "commit" && !this.#containers.has(container ?? "")) this.#blame(request, ["a container of others is committed"]);
    if (request.path.at(-1) === "tag" && repo !== this.#repository) this.#blame(request, [`an image is named ${repo ?? ""}`]);
    if (request.path[0] === "images" && request.path[1] === "create") this.#blame(request, ["the engine fetches"]);
  }

  get #repository(): string {
    return `sbx-sandbox-image/${this.#bounds().sandbox.slice(4)}`;
  }

  /** What a segment of a path names, if it is one of the sandbox's. */
  #kindOf(resource: string, { segment, at }: { readonly segment: string; readonly at: number }): string {
    if (at !== 1 || /^(?:create|json|load)$/.test(segment)) return segment;
    if (resource === "images") return this.#kindOfImage(segment);
    if (resource === "containers" && this.#containers.has(segment)) return "CONTAINER";
    if (resource === "exec" && this.#execs.has(segment)) return "EXEC";
    return resource === "volumes" && segment.startsWith(`sbx-${this.#bounds().sandbox.slice(4)}.`) ? "VOLUME" : segment;
  }

  #kindOfImage(segment: string): string {
    if (segment.startsWith(`${this.#repository}:`)) return "OWN-TAG";
    if (this.#committed.has(segment)) return "OWN-IMAGE";
    return /^sha256:[0-9a-f]{64}$/.test(segment) ? "IMAGE" : segment;
  }

  async #look(request: EngineRequest, { status, body }: Answer): Promise<void> {
    if (status === 201) await this.#lookAtMade(request, body);
    if (status === 204 && request.path[2] === "start") await this.#lookAtProcess(request, request.path[1] ?? "");
  }

  async #lookAtMade(request: EngineRequest, body: unknown): Promise<void> {
    const [resource = "", , action = ""] = request.path;
    if (resource === "commit") this.#committed.add(`sha256:${idOf(body).replace(/^sha256:/, "")}`);
    else if (action === "exec") await this.#lookAtExec(request, idOf(body));
    else if (action === "tag") await this.#lookAtImage(request);
    else if (resource === "containers") await this.#lookAtContainer(request, idOf(body));
    else if (resource === "volumes") await this.#lookAtVolume(request, nameOf(body));
    else this.#blame(request, ["something is made that is none of a sandbox's"]);
  }

  async #ask(...path: readonly string[]): Promise<unknown> {
    return (await this.#engine.call({ method: "GET", path })).body;
  }

  async #lookAtContainer(request: EngineRequest, id: string): Promise<void> {
    this.#containers.add(id);
    this.#fresh.push(id);
    this.looked.containers += 1;
    this.#blame(request, containerFaults(await this.#ask("containers", id, "json"), this.#bounds()));
  }

  async #lookAtVolume(request: EngineRequest, name: string): Promise<void> {
    this.looked.volumes += 1;
    this.#blame(request, volumeFaults(await this.#ask("volumes", name), this.#bounds()));
  }

  async #lookAtExec(request: EngineRequest, id: string): Promise<void> {
    const container = request.path[1] ?? "";
    this.#execs.set(id, container);
    this.looked.execs += 1;
    this.#blame(request, execFaults(await this.#ask("exec", id, "json"), { container }));
  }

  async #lookAtImage(request: EngineRequest): Promise<void> {
    const id = request.path[1] ?? "";
    this.looked.images += 1;
    this.#blame(request, imageFaults(await this.#ask("images", id, "json"), { repository: this.#repository, lent: this.#images.has(id) }));
  }

  async #lookAtProcess(request: EngineRequest, id: string): Promise<void> {
    const body = (await this.#ask("containers", id, "json")) as { readonly State?: { readonly Pid?: number } } | undefined;
    const pid = body?.State?.Pid ?? 0;
    if (pid === 0) return;
    const faults = await processFaults(pid);
    if (faults === undefined) return;
    this.looked.processes += 1;
    this.#blame(request, faults);
  }
}

function idOf(body: unknown): string {
  return (body as { readonly Id: string }).Id;
}

function nameOf(body: unknown): string {
  return (body as { readonly Name: string }).Name;
}
