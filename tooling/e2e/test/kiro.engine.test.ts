import { copyFileSync, cpSync, mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, type Host } from "../src/open-host.ts";
import { openTerminal } from "../src/open-terminal.ts";

const STAND_IN = fileURLToPath(new URL("../kits/kiro", import.meta.url));
const DESCRIPTOR = fileURLToPath(new URL("../../../packages/sandbox-core/agents/kiro/kit.yaml", import.meta.url));

let host: Host;
let kit: string;
let cwd: string;
/** Kiro CLI's own Kit, whose program is a stand-in: the program itself cannot be had from a registry of packages. */
beforeAll(async () => {
  host = openHost();
  kit = path.join(host.home, "kiro");
  mkdirSync(kit);
  cpSync(STAND_IN, kit, { recursive: true });
  copyFileSync(DESCRIPTOR, path.join(kit, "kit.yaml"));
  cwd = await host.project("desk", 1234);
  const made = await host.sbx(["create", "-q", "--name", "kiro", kit], { cwd });
  if (made.code !== 0) throw new Error(made.stderr);
}, 600_000);
afterAll(() => host[Symbol.asyncDispose](), 60_000);

const run = (...args: readonly string[]) => host.sbx(["run", "-q", "--name", "kiro", kit, "--", ...args], { cwd });

describe("Kiro's Kit, with a stand-in for its program", () => {
  it("is told what to do, finds the MCP gateway, and passes its exit codes on", async ({ expect }) => {
    expect(await run("fix it")).toMatchObject({ code: 1, stderr: expect.stringContaining("not logged in") as string });
    expect(JSON.parse((await run("login", "--use-device-flow")).stdout)).toEqual({ args: ["login", "--use-device-flow"] });
    const { code, stdout } = await run("fix it");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      args: ["chat", "--v2", "--no-interactive", "--trust-all-tools", "fix it"],
      found: { sbx: expect.arrayContaining(["mcp-find", "mcp-add"]) as string[] },
      terminal: false,
    });
    expect((await run("--agent", "missing", "fix it")).code).toBe(4);
    expect((await run("--require-mcp-startup", "fix it")).code).toBe(0);
    const broken = "sed -i s/8811/8812/ ~/.kiro/settings/mcp.json";
    expect((await host.sbx(["exec", "kiro", "sh", "-c", broken])).code).toBe(0);
    expect((await run("--require-mcp-startup", "fix it")).code).toBe(3);
  });

  it("starts on a terminal without a question of its engine", async ({ expect }) => {
    using terminal = openTerminal(host, ["run", "-q", "--name", "kiro", kit], { cwd, columns: 200 });
    expect((await terminal.ended()).code).toBe(0);
    expect(terminal.written()).toContain('"args":["chat","--v2","--trust-all-tools"]');
    expect(terminal.written()).toContain('"terminal":true');
  });

  it("may reach its own service, and neither telemetry nor anything else", async ({ expect }) => {
    const check = async (destination: string): Promise<number> => (await host.sbx(["policy", "check", destination, "--sandbox", "kiro"])).code;
    for (const open of ["runtime.us-east-1.kiro.dev:443", "management.us-east-1.kiro.dev:443", "q.us-east-1.amazonaws.com:443"]) expect(await check(open), open).toBe(0);
    for (const shut of ["client-telemetry.us-east-1.amazonaws.com:443", "prod.us-east-1.telemetry-v2.kiro.dev:443", "cli.kiro.dev:443", "runtime.us-east-1.kiro.dev:80", "s3.amazonaws.com:443"])
      expect(await check(shut), shut).toBe(1);
  });

  it("leaves the settings in the workspace as they are, from which Kiro on the host would start programs", async ({ expect }) => {
    const planted = await host.sbx(["exec", "kiro", "sh", "-c", "mkdir -p .kiro/settings; echo x > .kiro/settings/mcp.json"]);
    expect(planted.code).not.toBe(0);
    expect((await host.git(cwd, "status", "--porcelain")).stdout).toBe("");
  });
});

describe("a Kit of the person's own", () => {
  it("is added, found by its name, and proved in a sandbox that is gone afterwards", async ({ expect }) => {
    expect(await host.sbx(["kit", "validate", kit])).toMatchObject({ code: 0, stdout: `${kit}: valid\n` });
    expect(await host.sbx(["kit", "add", kit, "--name", "mine"])).toMatchObject({ code: 0, stderr: "" });
    expect((await host.sbx(["kit", "ls"])).stdout).toMatch(/^mine +- +\S.*agents\/mine /m);
    const kept = async (): Promise<readonly string[]> => (await host.remains()).filter((one) => !one.includes("-gate-"));
    const before = await kept();
    expect((await host.sbx(["agents", "check", "mine", "--", "login"])).stdout).toContain("ok     end       exit code 0\n");
    expect(await host.sbx(["agents", "check", "mine", "--", "--agent", "missing"])).toMatchObject({ code: 1, stdout: expect.stringContaining("FAILED end       exit code 1") as string });
    expect(await kept()).toEqual(before);
  });
});
