import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { DockerLab, GuardedSandbox } from "../lab.ts";

/** Things of the host and of another sandbox, which a sandbox may neither see nor change. */
export interface Others extends AsyncDisposable {
  /** Their names and ids, for requests that try them. */
  readonly places: Readonly<Record<string, string>>;
  /** All of them, and all else that is not the sandbox's, in one value. */
  state(box: Pick<GuardedSandbox, "sandbox">): Promise<string>;
}

interface Listed {
  readonly Id: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/** Make a container, a volume, a network and an image of the host's own, and another sandbox with the like. */
export async function makeOthers(lab: DockerLab): Promise<Others> {
  await using held = new AsyncDisposableStack();
  const call = async (method: "POST" | "GET" | "DELETE", path: readonly string[], rest: object = {}) => (await lab.raw.call({ method, path, ...rest })).body;
  held.defer(() => lab.engine.removeVolume("host-volume"));
  const made = await call("POST", ["containers", "create"], {
    query: { name: "host-database" },
    body: { Image: lab.image.id, Cmd: ["sleep", "infinity"], Labels: { "com.docker.compose.project": "host" }, HostConfig: { NetworkMode: "none", Binds: ["host-volume:/data"] } },
  });
  const { Id: victim } = made as Listed;
  held.defer(() => lab.engine.remove(victim));
  await call("POST", ["containers", victim, "start"]);
  const network = (
    (await call("POST", ["networks", "create"], { body: { Name: "host-network", Internal: true, Options: { "com.docker.network.bridge.inhibit_ipv4": "true" } } })) as Listed | undefined
  )?.Id;
  held.defer(async () => void (network === undefined ? undefined : await call("DELETE", ["networks", network])));
  const image = ((await call("POST", ["commit"], { query: { container: victim, repo: "host-image", tag: "1" } })) as Listed).Id;
  held.defer(async () => void (await call("DELETE", ["images", "host-image:1"])));
  const other = held.use(await lab.guard());
  const child = await other.child({ Binds: ["data:/data"] }, { Env: ["TOKEN=others"] });
  await other.ask("POST", "/v1.41/networks/create", { Name: "net" });
  const exec = (await other.ask("POST", `/v1.41/containers/${child}/exec`, { Cmd: ["sleep", "60"] })).json as Listed;
  const prefix = `sbx-${other.sandbox.slice(4)}`;
  const all = held.move();
  return {
    places: {
      victim,
      victimname: "host-database",
      victimvolume: "host-volume",
      victimnetwork: network ?? "host-network",
      victimimage: image,
      other: child,
      otherengine: `${prefix}.c.x`,
      otherexec: exec.Id,
      othervolume: `${prefix}.v.data`,
      othernetwork: "net",
      othersandbox: other.sandbox,
      otherprefix: prefix,
    },
    state: (box) => stateBeside(lab, box.sandbox),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function stateBeside(lab: DockerLab, sandbox: string): Promise<string> {
  const get = async (path: readonly string[], query: Readonly<Record<string, string>> = {}) => (await lab.raw.call({ method: "GET", path, query })).body;
  const isOthers = ({ Labels }: Pick<Listed, "Labels">) => Labels?.["dev.sbx.sandbox"] !== sandbox;
  const containers = ((await get(["containers", "json"], { all: "1" })) as readonly Listed[]).filter(isOthers).toSorted((a, b) => a.Id.localeCompare(b.Id));
  const inspected = await Promise.all(containers.map(({ Id }) => get(["containers", Id, "json"])));
  const { Volumes } = (await get(["volumes"])) as { readonly Volumes: readonly (Pick<Listed, "Labels"> & { readonly Name: string })[] | null };
  const volumes = (Volumes ?? []).filter(isOthers).toSorted((a, b) => a.Name.localeCompare(b.Name));
  const networks = ((await get(["networks"])) as readonly Listed[]).toSorted((a, b) => a.Id.localeCompare(b.Id));
  const images = ((await get(["images", "json"])) as readonly (Listed & { readonly RepoTags: readonly string[] | null })[])
    .map(({ Id, RepoTags }) => [Id, (RepoTags ?? []).filter((tag) => !tag.startsWith("sbx-sandbox-image/"))] as const)
    .filter(([, tags]) => tags.some((tag) => tag !== "<none>:<none>"))
    .toSorted(([a], [b]) => a.localeCompare(b));
  return JSON.stringify({
    containers: containers.map(({ Id }, at) => [Id, digest(inspected[at])]),
    volumes: volumes.map((one) => [one.Name, digest(one)]),
    networks,
    images,
    listeners: await listeners(lab.own.pid),
  });
}

/** What execs come and go by themselves says nothing. */
function digest(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(value, (key, one: unknown) => (key === "ExecIDs" ? null : one)))
    .digest("hex");
}

/** Addresses and ports at which anybody listens in the engine's own network. */
async function listeners(pid: number): Promise<readonly string[]> {
  const tables = await Promise.all(["tcp", "tcp6"].map((name) => readFile(`/proc/${pid}/net/${name}`, "utf8")));
  const LISTEN = "0A";
  return tables
    .flatMap((table) => table.split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === LISTEN)
    .map(([, local = ""]) => local)
    .toSorted();
}
