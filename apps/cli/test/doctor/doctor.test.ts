import { describe, it } from "vitest";
import { checkCgroup, checkIds, checkSeccomp } from "../../src/doctor/engine-checks.ts";
import { checkKernel, checkNode } from "../../src/doctor/machine-checks.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { runLine } from "../support/run-line.ts";

const env = { DOCKER_HOST: "unix:///nobody/is/there.sock", PATH: process.env["PATH"] ?? "" };

describe("sbx doctor", () => {
  it("names every attempt to find an engine, what to do, and ends with 1 when there is none", async ({ expect }) => {
    const { code, out } = await runLine(["doctor"], { env, daemon: createFakeDaemon({ running: false }) });
    expect(code).toBe(1);
    expect(out).toMatch(/^fail {2}engine .*DOCKER_HOST.*\n +fix: Start Docker or Podman/m);
  });

  it("starts no daemon", async ({ expect }) => {
    const { out, daemon } = await runLine(["doctor"], { env, daemon: createFakeDaemon({ running: false }) });
    expect(out).toContain("does not run");
    expect(daemon.starts()).toBe(0);
  });

  it("gives every check that is not ok a fix, in JSON too", async ({ expect }) => {
    const { out } = await runLine(["doctor", "--json"], { env, daemon: createFakeDaemon({ running: false }) });
    const checks = JSON.parse(out) as { state: string; fix?: string }[];
    expect(checks.length).toBeGreaterThan(5);
    for (const { state, fix } of checks) expect(state === "ok").toBe(fix === undefined);
  });

  it("says what an engine that gives its containers other ids means for whoever asks", ({ expect }) => {
    const states = (uid: number) => ([false, "perhaps", "userns", "rootless"] as const).map((remaps) => checkIds(remaps, uid).map(({ state }) => state));
    expect(states(0)).toEqual([[], ["ok"], ["ok"], ["warn"]]);
    expect(states(1000)).toEqual([[], ["warn"], ["warn"], ["warn"]]);
    expect(checkIds("userns", 1000)[0]).toMatchObject({ detail: expect.stringContaining("uid 1000") as unknown, fix: expect.stringContaining("DOCKER_HOST") as unknown });
  });

  it("judges versions and limits", ({ expect }) => {
    expect(
      [checkNode("22.1.0"), checkNode("24.0.0"), checkKernel("linux", "5.10.0-9"), checkKernel("linux", "5.12.1"), checkKernel("linux", "6.1.0-13-amd64"), checkKernel("darwin", "24.0.0")].map(
        ({ state }) => state,
      ),
    ).toEqual(["fail", "ok", "warn", "ok", "ok", "fail"]);
    expect([checkSeccomp({ SecurityOptions: ["name=seccomp,profile=default"] }), checkSeccomp({ SecurityOptions: ["name=apparmor"] }), checkSeccomp(null)].map(({ state }) => state)).toEqual([
      "ok",
      "fail",
      "fail",
    ]);
    expect(checkCgroup({ CgroupVersion: "2", MemoryLimit: true, PidsLimit: false })).toMatchObject({ state: "warn", detail: "version 2, without PidsLimit: a sandbox can use up this machine" });
  });
});
