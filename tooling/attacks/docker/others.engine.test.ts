import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, test } from "vitest";
import { whyNoEngine } from "@sbx/testing";
import { DockerLab, IMAGE, type GuardedSandbox } from "./lab.ts";

const missing = whyNoEngine("docker");
const SECRET = "HOST-SECRET-VALUE";

interface Furnished {
  readonly sandbox: string;
  readonly container: string;
  readonly network: string;
  /** A label that all of its things have. */
  readonly word: string;
}

/** Give a sandbox what every sandbox has: the same names, and nothing else in common. */
async function furnished(sandbox: GuardedSandbox): Promise<Furnished> {
  const word = `word-${randomBytes(8).toString("hex")}`;
  await sandbox.ask("POST", "/v1.41/volumes/create", { Name: "data", Labels: { word } });
  const network = (await sandbox.ask("POST", "/v1.41/networks/create", { Name: "net", Labels: { word } })).json as { readonly Id: string };
  const body = { Image: IMAGE, Cmd: ["sleep", "60"], Labels: { word }, Env: [`WORD=${word}`], HostConfig: { Binds: ["data:/data"], NetworkMode: "net" } };
  const container = (await sandbox.ask("POST", "/v1.41/containers/create?name=postgres", body)).json as { readonly Id: string };
  return { sandbox: sandbox.sandbox, container: container.Id, network: network.Id, word };
}

/** Beginnings of an id that are long enough to be nobody else's. */
function prefixesOf(id: string): readonly string[] {
  return Array.from({ length: 13 }, (_, at) => id.slice(0, 8 + 4 * at));
}

describe.skipIf(missing !== undefined)(`what belongs to others${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  let box: GuardedSandbox;
  let other: GuardedSandbox;
  /** Ids and names of things of the host, of another sandbox, and of the sandbox's own gates. */
  const theirs: Record<"host" | "other" | "gate" | "exec", string> = { host: "", other: "", gate: "", exec: "" };

  beforeAll(async () => {
    lab = await DockerLab.open();
    box = await lab.guard();
    other = await lab.guard();
    theirs.host = await lab.engine.create({
      name: "host-database",
      image: lab.image.id,
      command: ["sleep", "3600"],
      env: { PASSWORD: SECRET },
      labels: { "com.docker.compose.project": "host" },
      user: "0:0",
      workdir: "/",
      mounts: [{ kind: "volume", source: "host-volume", target: "/data" }],
      network: { kind: "none", hostname: "db", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
      capabilities: [],
      readonlyRoot: false,
      seccomp: "default",
      limits: { pids: 32 },
    });
    await lab.engine.start(theirs.host);
    theirs.other = await other.child({ Binds: ["data:/data"] }, { Env: [`TOKEN=${SECRET}`] });
    await other.ask("POST", "/v1.41/networks/create", { Name: "net" });
    const exec = await other.ask("POST", `/v1.41/containers/${theirs.other}/exec`, { Cmd: ["sleep", "60"] });
    theirs.exec = (exec.json as { readonly Id: string }).Id;
    await box.child({}, {});
    theirs.gate = box.pods.gates()[0] ?? "";
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const CALLS: readonly (readonly [string, string, unknown?])[] = [
    ["GET", "containers/ID/json"],
    ["POST", "containers/ID/start"],
    ["POST", "containers/ID/stop"],
    ["POST", "containers/ID/kill"],
    ["POST", "containers/ID/restart"],
    ["POST", "containers/ID/pause"],
    ["POST", "containers/ID/unpause"],
    ["POST", "containers/ID/rename?name=mine"],
    ["POST", "containers/ID/wait"],
    ["POST", "containers/ID/attach?stream=1&stdout=1"],
    ["POST", "containers/ID/resize?h=1&w=1"],
    ["POST", "containers/ID/exec", { Cmd: ["true"] }],
    ["GET", "containers/ID/logs?stdout=1"],
    ["GET", "containers/ID/top"],
    ["GET", "containers/ID/stats?stream=0"],
    ["GET", "containers/ID/archive?path=/etc/passwd"],
    ["HEAD", "containers/ID/archive?path=/etc/passwd"],
    ["DELETE", "containers/ID?force=1&v=1"],
  ];
  const WHOSE = ["host", "other", "gate"] as const;

  const ATTEMPTS = CALLS.flatMap(([method, path, body]) => WHOSE.map((whose) => ({ method, path, whose, body })));
  test.for(ATTEMPTS)("$method $path of the $whose: there is no such container", async ({ method, path, whose, body }, { expect }) => {
    const before = await lab.state();
    for (const reference of [theirs[whose], theirs[whose].slice(0, 12), `/${theirs[whose]}`, ...(whose === "host" ? ["host-database", `sbx-${other.sandbox.slice(4)}.c.x`] : [])]) {
      const reply = await box.ask(method, `/v1.41/${path.replace("ID", encodeURIComponent(reference).replaceAll("%2F", ""))}`, body);
      expect(reply.status).toBe(404);
      expect(reply.text).not.toContain(SECRET);
    }
    expect(await lab.state()).toBe(before);
  });

  test("an archive is not put into it", async ({ expect }) => {
    const before = await lab.state();
    for (const id of [theirs.host, theirs.other, theirs.gate])
      expect(await box.raw(`PUT /v1.41/containers/${id}/archive?path=/tmp HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 404/);
    expect(await lab.state()).toBe(before);
  });

  test.for([
    ["POST", "exec/EXEC/start", { Detach: true }],
    ["POST", "exec/EXEC/resize?h=1&w=1"],
    ["GET", "exec/EXEC/json"],
  ] as const)("%s %s of another sandbox: there is no such process", async ([method, path, body], { expect }) => {
    expect((await box.ask(method, `/v1.41/${path.replace("EXEC", theirs.exec)}`, body)).status).toBe(404);
    expect(await other.ask("GET", `/v1.41/exec/${theirs.exec}/json`)).toMatchObject({ status: 200, json: { Running: false } });
  });

  test.for(["containers/json?all=1", "containers/json?all=1&size=1", "volumes", "networks", "system/df", "info", "images/json?all=1"])("nothing of others is in %s", async (path, { expect }) => {
    const { status, text } = await box.ask("GET", `/v1.41/${path}`);
    expect(status).toBe(200);
    for (const word of [SECRET, "host-database", "host-volume", theirs.host, theirs.other, theirs.gate, other.sandbox, "dev.sbx"]) expect(text).not.toContain(word);
  });

  test("counts are of what is owned", async ({ expect }) => {
    expect((await box.ask("GET", "/v1.41/info")).json).toMatchObject({ Containers: 1, ContainersRunning: 1, Images: 1 });
  });

  test.for(["label=dev.sbx.sandbox", "label=dev.sbx.role=child", "label=com.docker.compose.project=host", "name=host", "name=.*", "id=", "status=running", `ancestor=${IMAGE}`])(
    "the filter %s finds nothing of others",
    async (filter, { expect }) => {
      const [name = "", ...value] = filter.split("=");
      const filters = encodeURIComponent(JSON.stringify({ [name]: [value.join("=").replace(/^label=/, "")] }));
      const { json, text } = await box.ask("GET", `/v1.41/containers/json?all=1&filters=${filters}`);
      expect((json as readonly unknown[]).length).toBeLessThanOrEqual(1);
      expect(text).not.toContain(SECRET);
      if (name === "label") expect(json).toEqual([]);
    },
  );

  test("pruning takes nothing of others", async ({ expect }) => {
    const before = await lab.state();
    for (const path of ["containers/prune", "volumes/prune?filters=%7B%22all%22%3A%5B%22true%22%5D%7D", "networks/prune"]) expect((await box.ask("POST", `/v1.41/${path}`)).status).toBe(200);
    expect(await lab.state()).toBe(before);
  });

  test("volumes and networks of others are not there, by any name that the engine knows", async ({ expect }) => {
    const before = await lab.state();
    for (const name of ["host-volume", "data", `sbx-${other.sandbox.slice(4)}.v.data`]) {
      expect((await box.ask("GET", `/v1.41/volumes/${name}`)).status).toBe(404);
      expect((await box.ask("DELETE", `/v1.41/volumes/${name}?force=1`)).status).toBe(404);
    }
    for (const name of ["net", "host", "none"]) {
      expect((await box.ask("GET", `/v1.41/networks/${name}`)).status).toBe(404);
      expect((await box.ask("DELETE", `/v1.41/networks/${name}`)).status).toBe(404);
    }
    expect(await lab.state()).toBe(before);
  });

  test("the network that everybody has is the sandbox's own, not the engine's", async ({ expect }) => {
    const before = await lab.state();
    const shown = await box.ask("GET", "/v1.41/networks/bridge");
    expect(shown.json).toMatchObject({ Name: "bridge", Options: {}, Containers: {}, IPAM: { Config: [{ Gateway: "100.127.0.1" }] } });
    expect((await other.ask("GET", "/v1.41/networks/bridge")).text).not.toContain((shown.json as { readonly Id: string }).Id);
    expect((await box.ask("DELETE", "/v1.41/networks/bridge")).status).toBe(403);
    expect(await lab.state()).toBe(before);
  });

  test("a volume of the same name is another volume", async ({ expect }) => {
    await other.docker(["exec", theirs.other, "sh", "-c", "echo theirs > /data/f"]);
    const id = await box.child({ Binds: ["data:/data", "host-volume:/host"] });
    const seen = await box.docker(["exec", id, "sh", "-c", "ls -A /data /host"]);
    expect(seen.stdout).toBe("/data:\n\n/host:\n");
    expect((await box.ask("DELETE", `/v1.41/containers/${id}?force=1&v=1`)).status).toBe(204);
    for (const name of ["data", "host-volume"]) expect((await box.ask("DELETE", `/v1.41/volumes/${name}`)).status).toBe(204);
    expect((await other.docker(["exec", theirs.other, "cat", "/data/f"])).stdout).toBe("theirs\n");
  });

  test("1,000 lists and looks by prefix, name and id, of two sandboxes at once, show nothing of the other and nothing of the host", { timeout: 120_000 }, async ({ expect }) => {
    await using first = await lab.guard();
    await using second = await lab.guard();
    const both = await Promise.all([first, second].map((one) => furnished(one)));
    const wrong: string[] = [];
    let calls = 0;
    /** Ask as one of them; what is found has to be its own. */
    const look = async (
      { sandbox, own, foreign }: { readonly sandbox: GuardedSandbox; readonly own: Furnished; readonly foreign: readonly string[] },
      path: string,
      expected: "all" | "one" | "none",
    ) => {
      calls += 1;
      const { status, text } = await sandbox.ask("GET", `/v1.41/${path}`);
      const seen = foreign.filter((word) => text.includes(word));
      const found = status === 200 && [own.container, own.network, own.word].some((word) => text.includes(word));
      // A refusal names what was asked for, and that is all.
      if (status === 200 ? seen.length > 0 || (expected !== "none") !== found : expected !== "none" || status !== 404) wrong.push(`${path} ${status} ${expected} ${text.slice(0, 200)}`);
    };
    const asked = both.flatMap((own, at) => {
      const other = both[1 - at] ?? own;
      const who = { sandbox: at === 0 ? first : second, own, foreign: [other.container, other.network, other.word, theirs.host, theirs.other, SECRET, "host-database", "host-volume", "dev.sbx"] };
      const filter = (list: string, name: string, value: string) => `${list}filters=${encodeURIComponent(JSON.stringify({ [name]: [value] }))}`;
      const lists = ["containers/json?all=1", "networks", "system/df", "volumes", "containers/json?all=1&size=1"].flatMap((path) => Array.from({ length: 10 }, () => () => look(who, path, "all")));
      const hits = ["postgres", own.container, ...prefixesOf(own.container)].flatMap((reference) => [
        () => look(who, `containers/${reference}/json`, "one"),
        () => look(who, filter("containers/json?all=1&", reference === "postgres" ? "name" : "id", reference), "one"),
      ]);
      const foreign = [other.container, theirs.host, theirs.other, theirs.gate].flatMap((id) => [id, ...prefixesOf(id)]);
      const misses = [...foreign, "host-database", `sbx-${other.sandbox.slice(4)}.c.postgres`, other.network, ...prefixesOf(other.network)].flatMap((reference) => [
        () => look(who, `containers/${reference}/json`, "none"),
        () => look(who, `networks/${reference}`, "none"),
        () => look(who, `volumes/${reference}`, "none"),
        () => look(who, filter("containers/json?all=1&", "id", reference), "none"),
        () => look(who, filter("networks?", "id", reference), "none"),
        () => look(who, `containers/${reference}/logs?stdout=1`, "none"),
      ]);
      return [...lists, ...hits, ...misses].slice(0, 500);
    });
    // Those of the two take turns, many at once.
    const turns = asked.slice(0, 500).flatMap((one, at) => [one, ...asked.slice(500 + at, 501 + at)]);
    for (let at = 0; at < turns.length; at += 50) await Promise.all(turns.slice(at, at + 50).map((one) => one()));
    expect(wrong).toEqual([]);
    expect(calls).toBe(1000);
  });

  test("events tell nothing of others", async ({ expect }) => {
    const since = Math.floor(Date.now() / 1000);
    await other.docker(["exec", theirs.other, "true"]);
    await lab.engine.run(theirs.host, { command: ["true"], env: {}, user: "0:0", workdir: "/" });
    const id = await box.child({}, { Labels: { mine: "yes" } });
    await box.ask("DELETE", `/v1.41/containers/${id}?force=1`);
    const { text } = await box.ask("GET", `/v1.41/events?since=${since}&until=${Math.ceil(Date.now() / 1000)}`);
    const events = text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }; readonly Action: string });
    const mine = events.filter(({ Actor }) => Actor.ID === id);
    expect(mine.map(({ Action }) => Action)).toEqual(expect.arrayContaining(["create", "start", "destroy"]));
    expect(mine[0]?.Actor.Attributes).toEqual({ image: IMAGE, mine: "yes", name: expect.any(String) });
    for (const word of [theirs.host, theirs.other, theirs.gate, "dev.sbx", "host-database"]) expect(text).not.toContain(word);
  });

  test("a container on the host that carries a stolen label does not become the sandbox's", async ({ expect }) => {
    const [id = ""] = (await lab.engine.list([`dev.sbx.sandbox=${box.sandbox}`])).map((one) => one.id);
    const { body } = await lab.raw.call({ method: "GET", path: ["containers", id, "json"] });
    const { Config } = body as { readonly Config: { readonly Labels: Readonly<Record<string, string>> } };
    const make = async (name: string, labels: Readonly<Record<string, string>>) => {
      const made = await lab.raw.call({
        method: "POST",
        path: ["containers", "create"],
        query: { name },
        body: { Image: lab.image.id, Cmd: ["true"], Labels: { ...labels }, HostConfig: { NetworkMode: "none" } },
      });
      return (made.body as { readonly Id: string }).Id;
    };
    const copied = await make(`sbx-${box.sandbox.slice(4)}.c.copied`, Config.Labels);
    const forged = await make(`sbx-${box.sandbox.slice(4)}.c.forged`, {
      "dev.sbx.sandbox": box.sandbox,
      "dev.sbx.role": "child",
      "dev.sbx.docker.record": "{}",
      "dev.sbx.docker.seal": "00".repeat(32),
    });
    await box.stop();
    const again = await lab.guard({ sandbox: box.sandbox, key: box.key });
    const { text, json } = await again.ask("GET", "/v1.41/containers/json?all=1");
    expect(text).not.toContain(copied);
    expect(text).not.toContain(forged);
    expect(json).toMatchObject([{ Id: id, Image: IMAGE, State: "running" }]);
    await again.stop();
    for (const one of [copied, forged]) await lab.engine.remove(one);
    box = await lab.guard({ sandbox: box.sandbox, key: randomBytes(32) });
    // Whoever has another key knows nothing of it.
    expect((await box.ask("GET", "/v1.41/containers/json?all=1")).json).toEqual([]);
  });
});

describe.skipIf(missing !== undefined)(`quotas${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  beforeAll(async () => {
    lab = await DockerLab.open();
  });
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
  });

  test("a sandbox has no more containers, volumes, networks and processes than it may", async ({ expect }) => {
    await using box = await lab.guard({ limits: { containers: 2, volumes: 3, networks: 1, execs: 2 } });
    const create = () => box.ask("POST", "/v1.41/containers/create", { Image: IMAGE, Cmd: ["sleep", "60"] });
    const made = await Promise.all([create(), create(), create(), create()]);
    expect(made.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 201, 409, 409]);
    const volumes = await Promise.all(["a", "b", "c", "d"].map((Name) => box.ask("POST", "/v1.41/volumes/create", { Name })));
    expect(volumes.filter(({ status }) => status === 201)).toHaveLength(3);
    const networks = await Promise.all(["a", "b"].map((Name) => box.ask("POST", "/v1.41/networks/create", { Name })));
    expect(networks.filter(({ status }) => status === 201)).toHaveLength(1);
    const { Id } = (made.find(({ status }) => status === 201)?.json ?? { Id: "none" }) as { readonly Id: string };
    await box.ask("POST", `/v1.41/containers/${Id}/start`);
    const execs = await Promise.all([1, 2, 3, 4].map(() => box.ask("POST", `/v1.41/containers/${Id}/exec`, { Cmd: ["true"] })));
    expect(execs.filter(({ status }) => status === 201)).toHaveLength(2);
    expect(await lab.engine.list([`dev.sbx.sandbox=${box.sandbox}`])).toHaveLength(2);
  });

  test("a child that is gone takes its pod along, whoever removed it", async ({ expect }) => {
    await using box = await lab.guard();
    const id = await box.child({ AutoRemove: true }, { Volumes: { "/data": {} } });
    expect(box.pods.gates()).toHaveLength(1);
    await box.docker(["kill", id]);
    await expect.poll(() => box.pods.gates().length, { timeout: 10_000 }).toBe(0);
    await expect.poll(async () => (await box.ask("GET", "/v1.41/volumes")).json, { timeout: 10_000 }).toMatchObject({ Volumes: [] });
    expect((await box.ask("GET", "/v1.41/containers/json?all=1")).json).toEqual([]);
  });
});
