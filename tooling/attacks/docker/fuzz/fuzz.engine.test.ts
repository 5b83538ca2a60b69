import { afterAll, beforeAll, describe, test } from "vitest";
import { whyNoEngine } from "@sbx/testing";
import { DockerLab } from "../lab.ts";
import { containerFaults, execFaults, imageFaults, volumeFaults } from "./isolation-rules.ts";
import { processFaults } from "./process-rules.ts";
import { runFuzz } from "./run-fuzz.ts";

const missing = whyNoEngine("docker");
/** Another one each day, so that the suite does not look at the same requests for ever. */
const seed = Math.floor(Date.now() / 86_400_000);
/** With those of the corpus more than two thousand. */
const CASES = 1300;

describe.skipIf(missing !== undefined)(`random requests to a guard${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  beforeAll(async () => {
    lab = await DockerLab.open();
  });
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
  });

  test(`the corpus and ${CASES} of seed ${seed}: what is let pass is within the rules, as the engine sees it`, { timeout: 600_000 }, async ({ expect }) => {
    const before = await lab.state();
    const { cases, passed, looked, findings } = await runFuzz(lab, { seed, cases: CASES });
    expect(findings).toEqual([]);
    expect(cases).toBeGreaterThanOrEqual(2000);
    // A guard that refuses everything would pass, too, and so would a witness that looks at nothing.
    expect(passed.create).toBeGreaterThan(100);
    expect(passed.exec).toBeGreaterThan(50);
    expect(passed.network).toBeGreaterThan(50);
    expect(passed.volume).toBeGreaterThan(50);
    expect(passed.build).toBeGreaterThan(3);
    expect(looked.containers).toBeGreaterThan(100);
    expect(looked.execs).toBeGreaterThan(50);
    expect(await lab.state()).toBe(before);
  });

  test("the rules see a container, a volume, a process and an image that nobody guards", async ({ expect }) => {
    const post = async (path: readonly string[], body: object) => (await lab.raw.call({ method: "POST", path, body: body as never })).body as { readonly Id: string; readonly Name: string };
    const get = async (...path: readonly string[]) => (await lab.raw.call({ method: "GET", path })).body;
    const made = await post(["containers", "create"], {
      Image: lab.image.id,
      Cmd: ["sleep", "60"],
      HostConfig: { NetworkMode: "host", PidMode: "host", Privileged: true, Binds: ["/:/host"], CapAdd: ["SYS_ADMIN"] },
    });
    const faults = containerFaults(await get("containers", made.Id, "json"), { gates: [], workspace: "/w", sandbox: "sbx_aaaaaaaa", memoryBytes: 1, nanoCpus: 1 });
    expect(faults).toEqual(expect.arrayContaining(["Binds", "CapAdd", "CapDrop", "Labels", "LogConfig", "Memory", "NetworkMode", "PidMode", "PidsLimit", "Privileged", "mount points"]));
    const plain = await post(["containers", "create"], { Image: lab.image.id, Cmd: ["sleep", "60"], HostConfig: { NetworkMode: "none" } });
    await lab.engine.start(plain.Id);
    const { State } = (await get("containers", plain.Id, "json")) as { readonly State: { readonly Pid: number } };
    expect(await processFaults(State.Pid)).toEqual(expect.arrayContaining(["CapEff of a process", "NoNewPrivs of a process"]));
    const exec = await post(["containers", plain.Id, "exec"], { Cmd: ["true"], Privileged: true });
    expect(execFaults(await get("exec", exec.Id, "json"), { container: "another" })).toEqual(["ContainerID of a process", "privilege of a process"]);
    const volume = await post(["volumes", "create"], { Name: "a-bind", Driver: "local", DriverOpts: { type: "none", o: "bind", device: "/tmp" } });
    expect(volumeFaults(await get("volumes", volume.Name), { sandbox: "sbx_aaaaaaaa" })).toEqual(["Name of a volume", "Options of a volume", "Labels of a volume"]);
    expect(imageFaults({ RepoTags: ["debian:12"], Config: { Labels: { "dev.sbx.role": "gate" } } }, { repository: "r", lent: false })).toEqual([
      "the name debian:12 of an image",
      "the label dev.sbx.role of an image",
    ]);
    for (const { Id } of [made, plain]) await lab.engine.remove(Id);
    await lab.engine.removeVolume("a-bind");
  });
});
