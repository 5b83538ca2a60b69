import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { WorkspaceHost } from "@sbx/core";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { besideEnvironment, readBeside } from "../../src/beside/beside-environment.ts";
import { onlyShared } from "../../src/beside/only-shared.ts";
import { planBeside } from "../../src/beside/plan-beside.ts";

const BESIDE = { engine: "unix:///e", container: "c", volume: "v", pid: 7, socket: "/s/sbxd.sock", shares: ["/home/me"] };
const PLACES = { stateDirectory: "/lib/v/_data", configDirectory: "/home/me/.config/sbx", home: "/home/me", engineSocket: "/run/e.sock", beside: BESIDE };

describe("the environment of a daemon beside its engine", () => {
  it("has what the caller's daemon would have, and no place or service of the caller's machine", ({ expect }) => {
    const outer = {
      ANTHROPIC_API_KEY: "k",
      https_proxy: "http://p",
      TZ: "Europe/Oslo",
      DOCKER_HOST: "tcp://far:1",
      DOCKER_CONTEXT: "far",
      DOCKER_CERT_PATH: "/certs",
      DOCKER_TLS_VERIFY: "1",
      XDG_CONFIG_HOME: "/x",
      DBUS_SESSION_BUS_ADDRESS: "d",
      SBX_STATE_DIR: "/mine",
      SBX_VAULT_KEY: "keychain",
      NODE_EXTRA_CA_CERTS: "/ca",
      SBX_DAEMON_PROGRAM: "/p",
      PATH: "/mine/bin",
    };
    const { PATH, SBX_BESIDE, ...env } = besideEnvironment(outer, PLACES);
    expect(env).toEqual({
      ANTHROPIC_API_KEY: "k",
      https_proxy: "http://p",
      TZ: "Europe/Oslo",
      HOME: "/home/me",
      DOCKER_HOST: "unix:///run/e.sock",
      SBX_STATE_DIR: "/lib/v/_data",
      SBX_CONFIG_DIR: "/home/me/.config/sbx",
      SBX_VAULT_KEY: "file",
    });
    expect(PATH).not.toContain("mine");
    expect(readBeside({ SBX_BESIDE })).toEqual(BESIDE);
  });

  it("tells a daemon where it is in one form only", ({ expect }) => {
    expect(readBeside({})).toBeUndefined();
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => readBeside({ SBX_BESIDE: text })).toThrow("SBX_BESIDE is not what");
      }),
    );
  });
});

describe("what a daemon beside its engine sees", () => {
  const config = { owner: "7:0123456789ab", home: "/h", configDirectory: "/c", environment: {} };

  it("is the home, or the directories that are named", ({ expect }) => {
    using clone = made();
    const plan = (environment: Readonly<Record<string, string>>, home = clone.root) => planBeside({ config: { ...config, home, environment }, program: clone.program });
    expect(plan({})).toEqual({ name: "sbx-d-0123456789ab", shares: [clone.root], configDirectory: "/c", installation: clone.root, program: clone.program });
    expect(plan({ SBX_ENGINE_SHARES: "/a:/b/c" }).shares).toEqual(["/a", "/b/c"]);
    expect(plan({}, path.join(clone.root, "gone")).shares).toEqual([]);
    for (const wrong of ["/", "a", "/a:", ":", "/a/../b", "/a//b", "/a:b"]) expect(() => plan({ SBX_ENGINE_SHARES: wrong })).toThrow("no absolute path");
  });

  it("is the whole of its program, where that really lies", ({ expect }) => {
    using clone = made();
    const link = path.join(clone.root, "link.mjs");
    symlinkSync(clone.program, link);
    expect(planBeside({ config, program: link })).toMatchObject({ installation: clone.root, program: clone.program });
    using installed = made("lib/node_modules/sbx/node_modules/sbxd/bin");
    expect(planBeside({ config, program: installed.program }).installation).toBe(path.join(installed.root, "lib/node_modules"));
  });

  it("has no workspace of any other place, nor a part of one", async ({ expect }) => {
    const asked: string[] = [];
    const all: Pick<WorkspaceHost, "check" | "prepare"> = {
      check: async (place) => Promise.resolve({ path: (asked.push(place), place), uid: 1, gid: 1 }),
      prepare: async ({ workspace }) => {
        asked.push(workspace);
        return Promise.reject(new Error("prepared"));
      },
    };
    const shared = onlyShared(all, BESIDE);
    const request = { id: "sbx_00000000", directory: "/d", workspace: "/home/me/p", hide: [], allowWrite: [], protect: [] } as unknown as Parameters<WorkspaceHost["prepare"]>[0];
    for (const place of ["/home/me2", "/home", "/", "/etc", "/home/you/me"]) {
      await expect(shared.check(place)).rejects.toMatchObject({ code: "ENGINE_ELSEWHERE", fix: expect.stringContaining("SBX_ENGINE_SHARES") as unknown });
      await expect(shared.prepare({ ...request, extra: [{ path: place, readonly: true }] })).rejects.toMatchObject({ code: "ENGINE_ELSEWHERE" });
    }
    expect(asked).toEqual([]);
    expect(await shared.check("/home/me/p")).toMatchObject({ path: "/home/me/p" });
    await expect(shared.prepare({ ...request, extra: [{ path: "/home/me/q", readonly: true }] })).rejects.toThrow("prepared");
  });
});

/** A program as a clone or an installation has it. */
function made(below = "apps/daemon/bin"): { readonly root: string; readonly program: string } & Disposable {
  const root = mkdtempSync(path.join(tmpdir(), "sbx-clone-"));
  mkdirSync(path.join(root, below), { recursive: true });
  const program = path.join(root, below, "sbxd.mjs");
  writeFileSync(program, "");
  return {
    root,
    program,
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true });
    },
  };
}
