import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, onTestFinished } from "vitest";
import { checkCgroup, checkIds, checkSeccomp } from "../../src/doctor/engine-checks.ts";
import { checkKernel, checkNode } from "../../src/doctor/machine-checks.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { runLine } from "../support/run-line.ts";

const env = { DOCKER_HOST: "unix:///nobody/is/there.sock", PATH: process.env["PATH"] ?? "" };

describe("sbx doctor", () => {
  it("names every attempt to find an engine, what to do, and ends with 1 when there is none", async ({ expect }) => {
    const { code, out } = await runLine(["doctor"], { env, daemon: createFakeDaemon({ running: false }) });
    expect(code).toBe(1);
    expect(out).toMatch(/^fail {2}engine .*DOCKER_HOST.*\n +fix: Start that engine, or choose another/m);
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

describe("sbx doctor --fix", () => {
  it("closes a state directory to others, and says so", async ({ expect }) => {
    const { state, daemon } = openState();
    const { out, err } = await runLine(["doctor", "--fix"], { env, daemon });
    expect(err).toContain(`state: chmod 700 ${state}\n`);
    expect(statSync(state).mode & 0o777).toBe(0o700);
    expect(out).toMatch(/^ok {4}state /m);
  });

  it.runIf(process.getuid?.() === 0)("leaves one alone into which somebody else has put something (needs root)", async ({ expect }) => {
    const { state, daemon } = openState();
    writeFileSync(path.join(state, "sbxd.sock"), "");
    chownSync(path.join(state, "sbxd.sock"), 1234, 1234);
    const { out } = await runLine(["doctor", "--fix"], { env, daemon });
    expect(statSync(state).mode & 0o777).toBe(0o777);
    expect(out).toMatch(/^fail {2}state .*Others may write/m);
  });

  it("changes nothing without the option", async ({ expect }) => {
    const { state, daemon } = openState();
    await runLine(["doctor"], { env, daemon });
    expect(statSync(state).mode & 0o777).toBe(0o777);
  });
});

describe("sbx doctor --bundle", () => {
  it("writes a file of the person's own that has no credential of the log in it", async ({ expect }) => {
    const { state, daemon } = openState();
    mkdirSync(path.join(state, "logs"));
    writeFileSync(daemon.paths.log, '{"event":"fault","error":"401 for sk-ant-api03-planted1planted2"}\n');
    const file = path.join(state, "report.txt");
    const { code, out } = await runLine(["doctor", "--bundle", file], { env, daemon });
    expect({ code, out }).toEqual({ code: 0, out: `${file}\n` });
    const text = readFileSync(file, "utf8");
    expect(text).toContain('"event":"fault"');
    expect(text).not.toContain("planted1planted2");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("writes over nothing", async ({ expect }) => {
    const { state, daemon } = openState();
    const file = path.join(state, "mine.txt");
    writeFileSync(file, "mine");
    const { code, err } = await runLine(["doctor", "--bundle", file], { env, daemon });
    expect(code).toBe(125);
    expect(err).toContain("CONFIG_INVALID");
    expect(readFileSync(file, "utf8")).toBe("mine");
  });
});

/** A state directory in which everybody may write, and the daemon that would lie there and does not run. */
function openState() {
  const state = mkdtempSync(path.join(tmpdir(), "sbx-doctor-"));
  chmodSync(state, 0o777);
  onTestFinished(() => {
    rmSync(state, { recursive: true });
  });
  return { state, daemon: { ...createFakeDaemon({ running: false }), paths: { stateDirectory: state, socket: path.join(state, "sbxd.sock"), log: path.join(state, "logs", "sbxd.log") } } };
}
