import { afterAll, beforeAll, describe, test } from "vitest";
import { whyNoEngine } from "@sbx/testing";
import { fuzzCreate } from "./fuzz-create.ts";
import { whatGotThrough } from "./isolation-rules.ts";
import { DockerLab } from "./lab.ts";

const missing = whyNoEngine("docker");
/** Another one each day, so that the suite does not look at the same bodies for ever. */
const seed = Math.floor(Date.now() / 86_400_000);

describe.skipIf(missing !== undefined)(`random create requests${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  beforeAll(async () => {
    lab = await DockerLab.open();
  });
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
  });

  test(`of seed ${seed}: what is let pass is within the rules, as the engine sees it`, async ({ expect }) => {
    const { passed, broken, odd } = await fuzzCreate(lab, { seed, cases: 500 });
    expect(broken).toEqual([]);
    expect(odd).toEqual([]);
    // A guard that refuses everything would pass, too.
    expect(passed).toBeGreaterThan(50);
  });

  test("the rules see a container that nobody guards", async ({ expect }) => {
    const { body } = await lab.raw.call({
      method: "POST",
      path: ["containers", "create"],
      body: { Image: lab.image.id, Cmd: ["true"], HostConfig: { NetworkMode: "host", PidMode: "host", Privileged: true, Binds: ["/:/host"], CapAdd: ["SYS_ADMIN"] } },
    });
    const { body: inspected } = await lab.raw.call({ method: "GET", path: ["containers", (body as { readonly Id: string }).Id, "json"] });
    const rules = whatGotThrough(inspected, { gates: [], workspace: "/w", sandbox: "sbx_aaaaaaaa", memoryBytes: 1, nanoCpus: 1 });
    expect(rules).toEqual(expect.arrayContaining(["Binds", "CapAdd", "CapDrop", "Labels", "LogConfig", "Memory", "NetworkMode", "PidMode", "PidsLimit", "Privileged"]));
  });
});
