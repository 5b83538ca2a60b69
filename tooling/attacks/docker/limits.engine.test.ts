import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { whyNoEngine } from "@sbx/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { DockerLab, IMAGE, type GuardedSandbox } from "./lab.ts";

const missing = whyNoEngine("docker");
const MIB = 2 ** 20;

describe.skipIf(missing !== undefined)(`limits, changes and files of containers${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  let box: GuardedSandbox;
  let other: GuardedSandbox;
  beforeAll(async () => {
    lab = await DockerLab.open();
    box = await lab.guard({ limits: { memoryBytes: 256 * MIB, cpus: 1, pids: 100 } });
    other = await lab.guard();
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const held = async (id: string) => {
    const { body } = await lab.raw.call({ method: "GET", path: ["containers", id, "json"] });
    const { Memory, MemorySwap, NanoCpus, PidsLimit, RestartPolicy } = (body as { readonly HostConfig: Readonly<Record<string, unknown>> }).HostConfig;
    return { Memory, MemorySwap, NanoCpus, PidsLimit, RestartPolicy };
  };

  test("an update changes sizes within those of the sandbox, and is seen", async ({ expect }) => {
    const id = await box.child();
    const updated = await box.docker(["update", "--memory", "64m", "--cpus", "0.5", "--pids-limit", "50", id]);
    expect([updated.code, updated.stderr]).toEqual([0, ""]);
    expect(await held(id)).toEqual({ Memory: 64 * MIB, MemorySwap: 64 * MIB, NanoCpus: 5e8, PidsLimit: 50, RestartPolicy: { Name: "no", MaximumRetryCount: 0 } });
    expect((await box.docker(["inspect", id, "--format", "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}"])).stdout).toBe(`${64 * MIB} 50\n`);
    await box.docker(["rm", "-f", id]);
  });

  test.for([
    ["more memory", { Memory: 257 * MIB }],
    ["more processors", { NanoCpus: 1.1e9 }],
    ["more processes", { PidsLimit: 101 }],
    ["processes without end", { PidsLimit: -1 }],
    ["a restart", { RestartPolicy: { Name: "always", MaximumRetryCount: 0 } }],
    ["a group of the host's", { CgroupParent: "/" }],
    ["a device", { Devices: [{ PathOnHost: "/dev/sda" }] }],
    ["a quota of its own", { CpuQuota: 1_000_000 }],
    ["no end by want of memory", { OomKillDisable: true }],
    ["an unknown field", { Privileged: true }],
    ["a field in another case", { memory: 1 }],
    ["nested settings", { HostConfig: { Memory: 1 } }],
  ] as const)("an update that asks for %s changes nothing", async ([, body], { expect }) => {
    const id = await box.child();
    const before = await held(id);
    expect((await box.ask("POST", `/v1.41/containers/${id}/update`, body)).status).toBe(400);
    expect(await held(id)).toEqual(before);
    await box.docker(["rm", "-f", id]);
  });

  test("what is asked for many times at once leaves no record in the engine that is nobody's", async ({ expect }) => {
    const kept = async () => {
      const filters = JSON.stringify({ label: [`dev.sbx.sandbox=${box.sandbox}`] });
      const { body } = await lab.raw.call({ method: "GET", path: ["volumes"], query: { filters } });
      return ((body as { readonly Volumes: readonly unknown[] | null }).Volumes ?? []).length;
    };
    const many = <T>(ask: () => Promise<T>) => Promise.all(Array.from({ length: 24 }, ask));
    const before = await kept();
    const id = await box.child();
    await box.ask("POST", "/v1.41/networks/create", { Name: "net" });
    await many(() => box.ask("POST", "/v1.41/networks/net/connect", { Container: id }));
    await many(() => box.ask("POST", "/v1.41/networks/net/disconnect", { Container: id, Force: true }));
    await many(() => box.ask("POST", `/v1.41/images/${encodeURIComponent(IMAGE)}/tag?repo=many&tag=1`));
    // One network, where the container is, one image and one name.
    expect(await kept()).toBe(before + 4);
    const { json } = await box.ask("GET", `/v1.41/containers/${id}/json`);
    expect(Object.keys((json as { readonly NetworkSettings: { readonly Networks: object } }).NetworkSettings.Networks)).toEqual(["bridge"]);
    await Promise.all([box.ask("DELETE", `/v1.41/containers/${id}?force=1`), ...Array.from({ length: 8 }, () => box.ask("POST", "/v1.41/networks/net/connect", { Container: id }))]);
    await box.docker(["network", "rm", "net"]);
    await box.docker(["rmi", "many:1"]);
    expect(await kept()).toBe(before);
  });

  test("changes and files are those of its own containers, without what is mounted", async ({ expect }) => {
    await box.writeWorkspace("secret.txt", "of the workspace");
    await box.docker(["run", "--name", "made", "-v", `${box.workspace}:/w`, IMAGE, "sh", "-c", "echo here > /here; rm /etc/motd"]);
    const diff = (await box.docker(["diff", "made"])).stdout;
    expect(diff).toContain("A /here\n");
    expect(diff).toContain("D /etc/motd\n");
    const { stdout } = await promisify(execFile)("sh", ["-c", `docker -H unix://${box.socket} export made | tar -t | grep -E '^(here|w/|etc/motd)'`]);
    expect(stdout).toBe("here\nw/\n");
    const { Id } = (await box.ask("GET", "/v1.41/containers/made/json")).json as { readonly Id: string };
    for (const path of ["changes", "export"]) for (const name of [Id, Id.slice(0, 12), "made"]) expect((await other.ask("GET", `/v1.41/containers/${name}/${path}`)).status).toBe(404);
    expect((await other.ask("POST", `/v1.41/containers/${Id}/update`, { Memory: 64 * MIB })).status).toBe(404);
    await box.docker(["rm", "-f", "made"]);
  });

  test("all containers that run, and steps of builds, stay within what they may have together", async ({ expect }) => {
    await using small = await lab.guard({ limits: { memoryBytes: 256 * MIB, totalMemoryBytes: 300 * MIB, totalPids: 1000, totalCpus: 2 } });
    const sum = async (key: "Memory" | "PidsLimit" | "NanoCpus") =>
      (
        await Promise.all(
          (await small.docker(["ps", "-q", "--no-trunc"])).stdout
            .split("\n")
            .filter((id) => id !== "")
            .map(held),
        )
      ).reduce((all, one) => all + Number(one[key]), 0);
    const first = await small.child();
    const second = await small.child({ Memory: 100 * MIB });
    expect([(await held(first)).Memory, (await held(second)).Memory]).toEqual([150 * MIB, 100 * MIB]);
    // Made while there was room, started when there is none.
    const late = (await small.ask("POST", "/v1.41/containers/create", { Image: IMAGE, Cmd: ["sleep", "60"], HostConfig: { Memory: 45 * MIB } })).json as { readonly Id: string };
    const third = await small.child({ Memory: 45 * MIB });
    const refused = await small.ask("POST", `/v1.41/containers/${late.Id}/start`);
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining("may have together") as unknown]);
    expect((await small.ask("POST", "/v1.41/containers/create", { Image: IMAGE, Cmd: ["true"] })).status).toBe(409);
    expect((await small.ask("POST", `/v1.41/containers/${third}/update`, { Memory: 60 * MIB })).status).toBe(409);
    await small.writeWorkspace("Dockerfile", `FROM ${IMAGE}\nRUN true\n`);
    expect((await small.docker(["build", "--no-cache", small.workspace])).code).not.toBe(0);
    expect(await sum("Memory")).toBe(295 * MIB);
    await small.docker(["rm", "-f", first]);
    const many = await Promise.all(
      Array.from({ length: 8 }, () => small.ask("POST", "/v1.41/containers/create", { Image: IMAGE, Cmd: ["sleep", "60"], HostConfig: { Memory: 40 * MIB, PidsLimit: 10, NanoCpus: 1e8 } })),
    );
    const starts = await Promise.all(many.flatMap(({ json }) => (json === undefined ? [] : [small.ask("POST", `/v1.41/containers/${(json as { readonly Id: string }).Id}/start`)])));
    expect(starts.filter(({ status }) => status === 204)).toHaveLength(3);
    expect(await sum("Memory")).toBeLessThanOrEqual(300 * MIB);
    expect([(await sum("PidsLimit")) <= 1000, (await sum("NanoCpus")) <= 2e9]).toEqual([true, true]);
  });
});
