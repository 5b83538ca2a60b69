import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { DaemonStatus } from "@sbx/contracts";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, patiently, type Host } from "../src/open-host.ts";
import { openTerminal, type Terminal } from "../src/open-terminal.ts";

const DETACH = "\u0010\u0011";
const INTERRUPT = "\u0003";

let host: Host;
beforeAll(() => {
  host = openHost();
});
afterAll(() => host[Symbol.asyncDispose](), 60_000);

async function killDaemon(): Promise<number> {
  const { pid } = DaemonStatus.parse(JSON.parse((await host.sbx(["daemon", "status", "--json"])).stdout));
  process.kill(pid, "SIGKILL");
  await patiently(5000, () => !existsSync(`/proc/${pid}`));
  return pid;
}

/** Ask Claude Code to run a command, as a person types it. */
async function askFor(terminal: Terminal, command: string): Promise<void> {
  terminal.type(`run \`\`\`sh ${command} \`\`\``);
  await terminal.shows(new RegExp(command.slice(0, 12)));
  terminal.type("\r");
}

describe("an agent at a real terminal", () => {
  it("asks nothing at its start, works, is left and joined again, also after the death of everything else", async ({ expect }) => {
    const cwd = await host.project("desk", 1234);
    const made = (name: string) => patiently(30_000, () => existsSync(path.join(cwd, name)) && readFileSync(path.join(cwd, name), "utf8") !== "");
    expect((await host.sbx(["create", "-q", "--model", "scripted", "--name", "desk", "claude"], { cwd })).stderr).toBe("");

    using first = openTerminal(host, ["run", "--model", "scripted", "--name", "desk", "claude"], { cwd });
    await first.shows(/bypass permissions on/);
    expect(first.screen()).not.toMatch(/trust|theme|log in|Yes|No,|❯ 1\./i);
    await askFor(first, "id -u > one.txt");
    expect(await made("one.txt")).toBe(true);
    await first.shows(/The command ran/);
    first.type(DETACH);
    expect(await first.ended()).toEqual({ code: 0, cooked: true });
    expect(first.written()).toContain("Come back with: sbx attach desk");
    expect(readFileSync(path.join(cwd, "one.txt"), "utf8")).toBe("1234\n");
    const [session] = (await host.sandbox("desk")).sessions;
    expect(session).toMatchObject({ kind: "agent", mode: "terminal", state: { phase: "running" } });

    using second = openTerminal(host, ["attach"], { cwd, columns: 100, rows: 40 });
    await second.shows(/bypass permissions on/);
    const dead = await killDaemon();
    second.kill();
    await second.ended();

    using third = openTerminal(host, ["attach", "desk"], { cwd });
    await third.shows(/bypass permissions on/);
    const sandbox = await host.sandbox("desk");
    expect(sandbox.sessions.map(({ id }) => id)).toEqual([session?.id]);
    expect(sandbox.state).toEqual({ phase: "running", network: "ready" });
    expect(DaemonStatus.parse(JSON.parse((await host.sbx(["daemon", "status", "--json"])).stdout)).pid).not.toBe(dead);
    await askFor(third, "echo again > two.txt");
    expect(await made("two.txt")).toBe(true);
    await third.shows(/The command ran/);
    third.type("/exit");
    await third.shows(/❯ \/exit|> \/exit/);
    third.type("\r");
    expect(await third.ended()).toEqual({ code: 0, cooked: true });
    expect((await host.sandbox("desk")).sessions[0]?.state).toMatchObject({ phase: "ended", exitCode: 0 });
  });
});

describe("a shell at a real terminal", () => {
  it("has the terminal's size, hears Ctrl-C, outlives the daemon, and gives its exit code", async ({ expect }) => {
    const cwd = await host.project("bench");
    using terminal = openTerminal(host, ["run", "-q", "shell"], { cwd });
    await terminal.shows(/\$ $/m);
    terminal.type("tty; stty size; echo $TERM\r");
    await terminal.shows(/\/dev\/pts\/\d+\s+30 90\s+xterm-256color/);
    terminal.resize(110, 35);
    await patiently(5000, async () => {
      terminal.type("clear; stty size\r");
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
      return /^35 110$/m.test(terminal.screen());
    });
    expect(terminal.screen()).toMatch(/^35 110$/m);

    terminal.type("clear; sleep 500\r");
    await patiently(5000, async () => (await host.sbx(["exec", "shell-bench", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"])).stdout.includes("sleep 500"));
    terminal.type(INTERRUPT);
    terminal.type("echo ended with $?\r");
    await terminal.shows(/^ended with 130$/m);

    await killDaemon();
    await terminal.wrote(/waiting for it/);
    terminal.type("echo still $((40 + 2))\r");
    await terminal.shows(/^still 42$/m);

    terminal.type("exit 9\r");
    expect(await terminal.ended()).toEqual({ code: 9, cooked: true });
  });

  it("is watched by two, also by a daemon that comes after, and its end is told to both", async ({ expect }) => {
    const cwd = await host.project("shared");
    using one = openTerminal(host, ["run", "-q", "shell"], { cwd });
    await one.shows(/\$ $/m);
    using other = openTerminal(host, ["attach"], { cwd });
    await other.shows(/\$ $/m);
    other.type("echo seen by $((1 + 1))\r");
    await one.shows(/^seen by 2$/m);
    await other.shows(/^seen by 2$/m);
    await killDaemon();
    await Promise.all([one, other].map((terminal) => terminal.wrote(/waiting for it/)));
    one.type("echo $((2 * 2)) eyes\r");
    await Promise.all([one, other].map((terminal) => terminal.shows(/^4 eyes$/m)));
    one.type("exit 4\r");
    expect(await Promise.all([one.ended(), other.ended()])).toEqual([
      { code: 4, cooked: true },
      { code: 4, cooked: true },
    ]);
  });
});
