import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError, CreateSandbox, SandboxId, type EventInit, type SandboxId as Id } from "@sbx/contracts";
import {
  EngineIds,
  SandboxService,
  type AgentProfile,
  type Engine,
  type ImageMaker,
  type WorkloadLink,
  type PodNetwork,
  type PodPlace,
  type SandboxParts,
  type SshAgents,
  type WorkspaceHost,
} from "@sbx/core";
import { FakeEngine } from "@sbx/testing";
import { createSandboxFiles } from "../../src/sandboxes/sandbox-files.ts";
import { openDatabase } from "../../src/state/database.ts";
import { createSandboxStore } from "../../src/state/sandbox-store.ts";

export const WORKSPACE = "/srv/app";

/** What sandboxes do to the world, step by step; one of them can be made to go wrong. */
export class Steps {
  readonly taken: string[] = [];
  #at = 0;
  #act: () => void = () => undefined;
  /** The step at which `act` was called. */
  hit: string | undefined;

  /** Call `act` at the n-th step from now, before it is carried out. */
  breakAt(step: number, act: () => void): void {
    this.taken.length = 0;
    this.hit = undefined;
    this.#at = step;
    this.#act = act;
  }

  take(name: string): void {
    this.taken.push(name);
    if (this.taken.length !== this.#at) return;
    this.hit = name;
    this.#act();
  }
}

export interface SandboxLab extends AsyncDisposable {
  readonly service: SandboxService;
  readonly steps: Steps;
  readonly engine: FakeEngine;
  readonly spare: SparePods;
  /** Where the daemon keeps its files. */
  readonly root: string;
  readonly events: readonly EventInit[];
  /** Destinations that were allowed for a sandbox after it was made. */
  readonly allowed: readonly string[];
  /** Sandboxes of which nothing is kept any more. */
  readonly forgotten: readonly string[];
  /** Everything that there is of any sandbox: containers, volumes, files, records, open pods, prepared workspaces. */
  left(): Promise<readonly string[]>;
  /** What of it is in use: running containers, open pods, prepared workspaces. */
  active(): Promise<readonly string[]>;
  create(changes?: Partial<CreateSandbox>, signal?: AbortSignal): ReturnType<SandboxService["create"]>;
}

const profile: Partial<AgentProfile> = {
  name: "shell",
  directory: "/kits/shell",
  dockerfile: "FROM sbx",
  account: "agent",
  home: "/home/agent",
  rules: [],
  credentials: [],
  protect: [],
  resources: {},
  volumes: [{ path: "/data", mode: 0o755, stated: {} }],
  skills: { places: [], own: [] },
  shares: [],
  ssh: {},
  longRunning: false,
  hooks: {
    install: [{ kit: "shell", place: "install[0]", user: "agent", variables: [], command: ["/hook"] }],
    startup: [{ kit: "shell", place: "startup[0]", user: "agent", variables: [], command: ["/hook"] }],
  },
  installRules: [],
  buildArgs: {},
  layers: [],
  kits: [],
  gitIdentity: false,
  args: [],
  selection: { selection: { selected: [], skipped: [] }, surface: {} },
  skipped: [],
  contexts: () => [],
  seedFiles: () => [{ path: ".profile", content: "x", mode: 0o644, overwrite: true }],
  environment: () => ({}),
};

/** Pods that were opened for nobody. */
export interface SparePods {
  /** What the opening of one waits for. */
  opening: Promise<unknown>;
  /** Ids of those whose gate has ended. */
  readonly dead: Set<string>;
  /** "id name" of each that was given away. */
  readonly given: string[];
}

interface LabOptions {
  /** Whether the beginning of a sandbox is kept ready. */
  readonly spares?: boolean;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** As whom the install hook runs; root's reaches a host. */
  readonly installs?: "agent" | "root";
  /** What git says of the person. */
  readonly identity?: () => { readonly name?: string; readonly email?: string };
  /** What is otherwise in the profile, each time that it is asked for. */
  readonly changed?: () => Partial<AgentProfile>;
}

/** The profile with hooks of root, which run in containers of their own; the first reaches a host. */
const rootProfile: Partial<AgentProfile> = {
  ...profile,
  hooks: {
    install: [{ kit: "shell", place: "install[0]", user: "root", variables: [], command: ["/hook"] }, ...(profile.hooks?.install ?? [])],
    startup: [{ kit: "shell", place: "startup[1]", user: "root", variables: [], command: ["/hook"] }, ...(profile.hooks?.startup ?? [])],
  },
  installRules: [{ id: "install:1", effect: "allow", to: "a.example", layer: "profile", note: "" }],
};

/** Sandboxes over an engine in memory, with the daemon's own files and database in a directory of the test's. */
export function openSandboxLab({ user = { uid: 1000, gid: 1000 }, installs = "agent", spares = false, changed = () => ({}), identity = () => ({ name: "Ada" }) }: LabOptions = {}): SandboxLab {
  const root = mkdtempSync(path.join(tmpdir(), "sbx-sandboxes-"));
  const steps = new Steps();
  const engine = fakeEngine();
  const events: EventInit[] = [];
  const allowed: string[] = [];
  const forgotten: string[] = [];
  const spare: SparePods = { opening: Promise.resolve(), dead: new Set(), given: [] };
  const [pods, prepared, open] = [new Set<Id>(), new Set<Id>(), new Set<object>()];
  const answered = new Set<string>();
  const { database } = openDatabase(path.join(root, "sbx.db"), () => new Date());
  const store = createSandboxStore(database, () => undefined);
  const files = createSandboxFiles(root, () => Promise.resolve(Buffer.from("hold")));
  let made = 0;
  const parts: SandboxParts = {
    engine: asked(steps, "an engine", () => Promise.resolve(told<Engine>(steps, "engine", engine))),
    ids: new EngineIds({ files, owner: "test" }),
    images: asked(steps, "images", () => Promise.resolve(told(steps, "images", fakeImages(engine)))),
    layers: () => Promise.reject(new Error("no layer is made here")),
    templates: { list: () => [], put: () => undefined, remove: () => undefined },
    installPods: told(steps, "installPods", { open: () => Promise.resolve(installPod(open)) }),
    pods: told(steps, "pods", fakePods(pods, { steps, spare })),
    files: told(steps, "files", files),
    workspace: told(steps, "workspace", { ...fakeWorkspace(prepared, user), gitIdentity: () => Promise.resolve(identity()) }),
    ports: { open: () => Promise.resolve(), resume: () => Promise.resolve(), close: () => Promise.resolve() },
    docker: { start: () => Promise.resolve([]), resume: () => Promise.resolve(), stop: () => Promise.resolve(), remove: () => Promise.resolve(), unusedMs: () => Number.POSITIVE_INFINITY },
    ssh: told(steps, "ssh", fakeSsh(answered)),
    store: told(steps, "store", store),
    shares: { open: () => Promise.reject(new Error("nothing is shared here")), list: () => Promise.resolve([]), remove: () => Promise.resolve("unknown" as const) },
    authorities: { bundle: (_id, image) => Promise.resolve(`${image ?? ""}own`) },
    skills: { read: () => Promise.resolve(undefined) },
    profile: asked(steps, "profile", () => Promise.resolve({ ...(installs === "root" ? rootProfile : profile), ...changed() } as AgentProfile)),
    record: (event) => events.push(event),
    allow: (_record, destinations) => allowed.push(...destinations),
    reconciled: () => Promise.resolve(),
    stopped: () => Promise.resolve(),
    ended: async (id) => {
      await new Promise((resolve) => setImmediate(resolve));
      forgotten.push(id);
    },
    owner: "1000:lab",
    hookLimitMs: 60_000,
    now: () => new Date(),
    newId: () => SandboxId.parse(`sbx_${String((made += 1)).padStart(8, "0")}`),
    defaultLimits: { cpus: 2, memoryBytes: 1 << 30 },
    ...(spares ? { spares: { laterMs: 0 } } : {}),
    timeZone: () => "Europe/Oslo",
    newPlaceholder: () => "placeholder",
    modelSource: asked(steps, "modelSource", () => Promise.resolve("none" as const)),
  };
  const service = new SandboxService(parts);
  const active = async (): Promise<readonly string[]> => [
    ...(await engine.list([])).filter(({ state }) => state === "running").map(({ name }) => `running ${name}`),
    ...[...pods].map((id) => `pod ${id}`),
    ...[...prepared].map((id) => `workspace of ${id}`),
    ...[...open].map(() => "install pod"),
    ...answered,
  ];
  return {
    service,
    steps,
    engine,
    spare,
    root,
    events,
    allowed,
    forgotten,
    active,
    left: async () => [
      ...(await active()),
      ...(await engine.list([])).map(({ name }) => `container ${name}`),
      ...[...engine.images.keys()].filter((name) => name.startsWith("sbx/")).map((name) => `image ${name}`),
      ...(await engine.listVolumes([])).map(({ name }) => `volume ${name}`),
      ...["pods", "sandboxes"].flatMap((name) => list(path.join(root, name))),
      ...store.sandboxes().map(({ id }) => `record ${id}`),
      ...service.list().map(({ record }) => `sandbox ${record.id}`),
    ],
    create: async (changes = {}, signal = new AbortController().signal) =>
      service.create({ ...CreateSandbox.parse({ agent: "shell", workspace: WORKSPACE }), ...changes }, { operation: "op", signal }),
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      database.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function fakeEngine(): FakeEngine {
  const engine = new FakeEngine();
  for (const name of ["gate", "agent"]) engine.images.set(name, `sha256:${name}`);
  for (const name of ["/bin/sh", "/hook", "/bin/chown"]) engine.programs.set(name, () => 0);
  engine.programs.set("/.sbx/hold", ({ spec }) => (spec.command[1] === "init" ? new Promise<number>(() => undefined) : 0));
  return engine;
}

function installPod(open: Set<object>): AsyncDisposable & { readonly gate: string } {
  const pod = {};
  open.add(pod);
  return {
    gate: "gate",
    [Symbol.asyncDispose]: () => {
      open.delete(pod);
      return Promise.resolve();
    },
  };
}

function fakeImages({ images }: FakeEngine): ImageMaker {
  return { gate: () => Promise.resolve(images.get("gate") ?? "none"), agent: () => Promise.resolve("sha256:agent") };
}

function fakePods(open: Set<Id>, { steps, spare }: { readonly steps: Steps; readonly spare: SparePods }): PodNetwork {
  const link = ({ id, directory }: PodPlace): WorkloadLink => {
    open.add(id);
    return {
      socketDirectory: path.join(directory, "gate"),
      state: () => (spare.dead.has(id) ? "degraded" : "ready"),
      starter: () => Promise.resolve(undefined),
      ready: async (signal: AbortSignal) => {
        steps.take("pod.ready");
        signal.throwIfAborted();
        return Promise.resolve();
      },
      [Symbol.asyncDispose]: async () => {
        open.delete(id);
        return Promise.resolve();
      },
    };
  };
  return {
    open: (place) => Promise.resolve(link(place)),
    openSpare: async (place) => {
      await spare.opening;
      return { ...link(place), give: ({ name }) => void spare.given.push(`${place.id} ${name}`) };
    },
  };
}

/** Answers in each phase that is granted, and holds no agent. */
function fakeSsh(answered: Set<string>): SshAgents {
  return {
    check: ({ socket }, writable) => {
      const within = writable.find((top) => socket.startsWith(`${top}/`));
      return within === undefined ? Promise.resolve() : Promise.reject(new AppError("PATH_REFUSED", { message: `${socket} lies in ${within}`, fix: "None." }));
    },
    start: ({ id, ssh }, phase) => {
      if (ssh?.[phase] === undefined) return Promise.resolve([]);
      answered.add(`SSH agent of ${id} in ${phase}`);
      return Promise.resolve([{ kind: "bind", source: `/ssh/${phase}`, target: "/.sbx/ssh", readonly: true }]);
    },
    resume: () => Promise.resolve(),
    stop: (id, phase) => {
      for (const one of answered) if (one.startsWith(`SSH agent of ${id} in ${phase ?? ""}`)) answered.delete(one);
      return Promise.resolve();
    },
  };
}

function fakeWorkspace(prepared: Set<Id>, user: { readonly uid: number; readonly gid: number }): WorkspaceHost {
  return {
    check: (workspace) => Promise.resolve({ path: workspace, ...user }),
    prepare({ id, directory, workspace, hide, protect }) {
      prepared.add(id);
      mkdirSync(path.join(directory, "copies"), { recursive: true });
      const mounts = [{ kind: "bind" as const, source: workspace, target: workspace, readonly: false }];
      return Promise.resolve({ mounts, user, protected: [".git/hooks", ...protect], hidden: hide, notices: [], checkpoints: [workspace] });
    },
    verify: () => Promise.resolve(),
    release({ id }) {
      prepared.delete(id);
      return Promise.resolve();
    },
    snapshot: () => Promise.resolve(),
    report: () => Promise.resolve({ changed: [], truncated: false, runsOnHost: [] }),
    gitIdentity: () => Promise.resolve({ name: "Ada" }),
  };
}

/** A function whose calls are steps. */
function asked<Args extends readonly unknown[], T>(steps: Steps, name: string, ask: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
  return async (...args) => {
    steps.take(name);
    return ask(...args);
  };
}

/** A port whose calls are steps: a promise rejects, and what gives none throws. */
function told<T extends object>(steps: Steps, name: string, port: T): T {
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...args: readonly unknown[]): unknown => {
        if (name === "store") {
          steps.take(`${name}.${String(key)}`);
          return Reflect.apply(value, target, args);
        }
        return (async (): Promise<unknown> => {
          steps.take(`${name}.${String(key)}`);
          return Reflect.apply(value, target, args);
        })();
      };
    },
  });
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory).map((name) => path.join(path.basename(directory), name));
  } catch {
    return [];
  }
}
