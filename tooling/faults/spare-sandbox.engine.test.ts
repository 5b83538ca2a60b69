import { afterAll, beforeAll, describe, it } from "vitest";
import { PRELUDE } from "../attacks/pod/pod-lab.ts";
import { startWitness, type Witness } from "../attacks/pod/witness.ts";
import { docker, Lab, startService, until } from "./lab.ts";

let lab: Lab;
let witness: Witness;
let image: string;
beforeAll(async () => {
  lab = new Lab({ SBX_KEEP_READY: "yes" });
  witness = await startWitness();
  await create("first");
  image = (await docker("inspect", "--format", "{{.Image}}", await lab.container("workload"))).trim();
  await lab.sbx("rm", "--force", "first");
}, 900_000);
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  await witness[Symbol.asyncDispose]();
});

async function create(name: string, ...options: readonly string[]): Promise<void> {
  const { code, err } = await lab.begin(["create", "-q", "--name", name, ...options, "shell"], { cwd: lab.workspace(name) }).done;
  if (code !== 0) throw new Error(err);
}

/** Ids of sandboxes that have a gate which runs, and of those that somebody made. */
async function gates(): Promise<{ readonly spare: readonly string[]; readonly made: readonly string[] }> {
  const running = await docker("ps", "--filter", `label=dev.sbx.owner=${lab.owner}`, "--filter", "label=dev.sbx.role=gate", "--format", '{{.Label "dev.sbx.sandbox"}}');
  const made = (await lab.sandboxes()).map(({ id }) => id);
  return { made, spare: running.split("\n").filter((id) => id !== "" && !made.includes(id)) };
}

/** The one beginning that is kept ready, once its gate has handed over. */
async function spare(): Promise<string> {
  await until(async () => (await gates()).spare.length === 1, "a beginning");
  const [id = "none"] = (await gates()).spare;
  await until(async () => (await lab.events()).filter(({ type, fields }) => type === "gate.ready" && fields["spare"] === true).length > handedOver, "its hand-over");
  handedOver = (await lab.events()).filter(({ type, fields }) => type === "gate.ready" && fields["spare"] === true).length;
  return id;
}
let handedOver = 0;

describe("the beginning of a sandbox that is kept ready", () => {
  it("is no sandbox for any command, and none of them takes it away", async ({ expect }) => {
    const id = await spare();
    for (const command of [["ls"], ["ls", "--json"], ["prune", "--force"], ["doctor"], ["daemon", "status"], ["stats", "--no-stream"], ["rm", "--all", "--force"]]) {
      const { out, err } = await lab.sbx(...command);
      expect(out + err, command.join(" ")).not.toContain(id.slice(4));
    }
    expect((await lab.sbx("rm", "--force", id)).err).toContain("SANDBOX_NOT_FOUND");
    expect((await gates()).spare).toEqual([id]);
  });

  it("lets out nothing, not for whoever gets into its network, and answers no name; then it is one sandbox's, with that one's rules", async ({ expect }) => {
    await using service = await startService();
    const [id = ""] = (await gates()).spare;
    const places = JSON.stringify([
      ...witness.addresses.map((address) => [address, witness.port]),
      ["host.docker.internal", service.port],
      ["host.docker.internal", 8811],
      ["model.sbx.internal", 80],
      ["mcp.sbx.internal", 80],
      ["named.test", 443],
      ["169.254.169.254", 80],
      ["198.18.0.1", 80],
      ["1.2.3.4", 443],
    ]);
    const attack = ["timeout", "100", "python3", "-c", `${PRELUDE}\nsay([tcp(a, p)[:12] for a, p in ${places}])`];
    const replies: unknown = JSON.parse(await docker("run", "--rm", "--network", `container:sbx-gate-${id.slice(4)}`, image, ...attack));
    for (const reply of replies as readonly string[]) expect(reply).toMatch(/^(ECONNRESET|ECONNREFUSED|HTTP\/1\.1 40|timeout)/);
    expect([witness.seen(), service.count()]).toEqual([0, 0]);
    expect((await lab.events()).filter(({ type }) => type === "egress.allowed")).toEqual([]);

    await Promise.all([create("one", "--allow-host-port", String(service.port)), create("two", "--allow-host-port", String(service.port)), create("three")]);
    const { made } = await gates();
    expect([made.filter((one) => one === id).length, new Set(made).size]).toEqual([1, 3]);
    // Each reaches what it may, whichever of them has the gate that was there before; and finds itself by its name.
    const look = `curl -sS -m 20 --http0.9 http://host.docker.internal:${service.port}/ 2>/dev/null; echo; node -e 'require("dns").resolve4(process.argv[1], (fault, found) => console.log(String(fault ?? found)))' "$SBX_SANDBOX"`;
    const seen = await Promise.all(["one", "two", "three"].map(async (name) => (await lab.sbx("exec", name, "sh", "-c", look)).out.trimEnd().split("\n")));
    expect(seen.map((lines) => [lines[0] === "ok", lines.at(-1)])).toEqual([
      [true, "127.0.0.1"],
      [true, "127.0.0.1"],
      [false, "127.0.0.1"],
    ]);
    expect(service.count()).toBe(2);
  });

  it("is not used when its gate has died", async ({ expect }) => {
    const id = await spare();
    await docker("rm", "-f", `sbx-gate-${id.slice(4)}`);
    await create("four");
    expect((await gates()).made).not.toContain(id);
    expect((await lab.sbx("exec", "four", "true")).code).toBe(0);
  });

  it("goes when the daemon stops, and after kill -9 when the next one starts; sandboxes go on", async ({ expect }) => {
    const id = await spare();
    await lab.killDaemon();
    expect((await lab.sandboxes()).map(({ state }) => state.phase)).toEqual(["running", "running", "running", "running"]);
    expect(await lab.inEngine()).not.toContain(`sbx-gate-${id.slice(4)}`);
    await create("five");
    const next = await spare();
    expect((await lab.sbx("daemon", "stop")).code).toBe(0);
    expect(await lab.inEngine()).not.toContain(`sbx-gate-${next.slice(4)}`);
    expect(await lab.left(lab.workspace("none"))).not.toContain(expect.stringContaining(next.slice(4)));
    expect((await lab.sbx("exec", "five", "true")).code).toBe(0);
  });
});
