import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test as base } from "vitest";
import { installService, uninstallService } from "../../src/daemon/install-service.ts";
import { launchdAgent, systemdUnit } from "../../src/daemon/service-files.ts";
import type { Context } from "../../src/context.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { createFakeIo } from "../support/fake-io.ts";

/** A home whose PATH has managers that write down how they were called. */
const test = base.extend<{ home: string }>({
  home: async ({}, use) => {
    const home = mkdtempSync(path.join(tmpdir(), "sbx-service-"));
    mkdirSync(path.join(home, "bin"));
    for (const name of ["systemctl", "launchctl"]) {
      writeFileSync(path.join(home, "bin", name), `#!/bin/sh\necho "${name} $*" >> ${home}/called\n`);
      chmodSync(path.join(home, "bin", name), 0o755);
    }
    await use(home);
    rmSync(home, { recursive: true });
  },
});

/** A person's command line: its PATH is that of the home's managers and of a shell for them. */
function contextOf(home: string, more: Readonly<Record<string, string>> = {}) {
  const io = createFakeIo();
  const state = path.join(home, "state");
  const paths = { stateDirectory: state, socket: path.join(state, "sbxd.sock"), log: path.join(state, "logs", "sbxd.log") };
  const never = (): never => {
    throw new Error("not asked for here");
  };
  const context: Context = {
    io,
    home,
    env: { PATH: `${home}/bin`, ANTHROPIC_API_KEY: "sk-ant-planted", ...more },
    cwd: home,
    version: "1.2.3",
    daemon: { ...createFakeDaemon({ running: false }), paths },
    onSignal: never,
    now: never,
    sleep: never,
  };
  return { context, said: io.output };
}

const program = { command: ["/opt/a b/node", "--flag", '/opt/100%/$x/"q".mjs'], environment: { SBX_STATE_DIR: "/s p/100%" }, log: "/s p/100%/sbxd.log" };

test("a unit of systemd quotes what systemd would otherwise take apart or fill in", ({ expect }) => {
  const lines = systemdUnit(program).split("\n");
  expect(lines).toContain('ExecStart="/opt/a b/node" "--flag" "/opt/100%%/$$x/\\"q\\".mjs"');
  expect(lines).toContain('Environment="SBX_STATE_DIR=/s p/100%%"');
  expect(lines).toContain("StandardError=append:/s p/100%%/sbxd.log");
  expect(lines).toContain("KillMode=process");
});

test("an agent of launchd is XML, whatever the words are", ({ expect }) => {
  const text = launchdAgent({ ...program, command: ["/opt/<a>&b/node"] });
  expect(text).toContain("<string>/opt/&lt;a&gt;&amp;b/node</string>");
  expect(text).toContain("<key>SBX_STATE_DIR</key>");
});

test("a service is written, made known and started; keys of the terminal are not in it, and its removal leaves no file", async ({ expect, home }) => {
  const { context } = contextOf(home);
  const file = path.join(home, ".config/systemd/user/sbxd.service");
  await installService(context, "linux");
  expect(readFileSync(path.join(home, "called"), "utf8")).toBe("systemctl --user daemon-reload\nsystemctl --user enable --now sbxd.service\n");
  const text = readFileSync(file, "utf8");
  expect(text).toContain("sbxd.mjs");
  expect(text).not.toContain("sk-ant-planted");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await uninstallService(context, "linux");
  expect(existsSync(file)).toBe(false);
});

test("where no manager answers, what is left to do is said", async ({ expect, home }) => {
  rmSync(path.join(home, "bin"), { recursive: true });
  const { context, said } = contextOf(home);
  await installService(context, "darwin");
  expect(said()).toMatch(/left to do, in a session of yours: launchctl bootstrap gui\/\d+ .*dev\.sbx\.sbxd\.plist/);
  await expect(installService(context, "win32")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("a path that no service file can hold is refused, and nothing is written", async ({ expect, home }) => {
  const { context } = contextOf(home, { SBX_STATE_DIR: "/tmp/a\nExecStartPre=/bin/evil" });
  await expect(installService(context, "linux")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  expect(existsSync(path.join(home, ".config/systemd"))).toBe(false);
});
