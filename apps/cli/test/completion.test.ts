import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, it } from "vitest";
import { SHELL_SCRIPTS } from "../src/completion/shell-scripts.ts";
import { aSandbox } from "./support/builders.ts";
import { createFakeDaemon } from "./support/fake-daemon.ts";
import { runLine } from "./support/run-line.ts";

const daemonOf = (running = true) =>
  createFakeDaemon({
    running,
    handlers: {
      listSandboxes: () => Promise.resolve([aSandbox(), aSandbox({ id: "sbx_00000002", name: "web", workspace: "/home/a\tb\nc" })]),
      listAgents: () => Promise.resolve([{ name: "claude", displayName: "C", description: "an agent", source: "built-in", allow: [], interactive: [], headless: [], skipped: [], built: true }]),
    },
  });

async function names(words: readonly string[]): Promise<readonly string[]> {
  const { out } = await runLine(["__complete", "--", ...words], { daemon: daemonOf() });
  return out.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0] ?? ""]));
}

/** What stands in for `sbx`, and for what a shell completes with. */
const BEFORE = {
  zsh: String.raw`compdef() { : }
_describe() { print -rl -- "${"$"}{(@P)2}" }
_files() { print files }
sbx() { printf 'run\tRun an agent\nweb:\tcopies\n:files\n' }`,
  fish: String.raw`function sbx; printf 'run\tRun an agent\n'; end`,
};

describe("completion", () => {
  it("knows commands, commands of commands, options and their values", async ({ expect }) => {
    expect(await names(["ru"])).toEqual(["run"]);
    expect(await names(["__complete", "x"])).toEqual([":files"]);
    expect(await names(["nothing", "x"])).toEqual([]);
    expect(await names(["mcp", "cata"])).toEqual(["catalog"]);
    expect(await names(["run", "--mem"])).toEqual(["--memory"]);
    expect(await names(["run", "--model", ""])).toEqual(["auto", "provider", "scripted"]);
    expect(await names(["completion", "b"])).toEqual(["bash"]);
    expect(await names(["policy", "allow", "--sandbox", "w"])).toEqual(["web"]);
  });

  it("knows sandboxes and agents", async ({ expect }) => {
    expect(await names(["rm", ""])).toEqual(["shell-app", "web"]);
    expect(await names(["rm", "web", "sh"])).toEqual(["shell-app"]);
    expect(await names(["run", "--name", "x", "cl"])).toEqual(["claude", ":files"]);
    expect(await names(["cp", "w"])).toEqual(["web:", ":files"]);
    expect(await names(["cp", "x", "w"])).toEqual(["web:", ":files"]);
  });

  it("leaves what belongs to an agent or a command to the shell", async ({ expect }) => {
    expect(await names(["exec", "web", "ls", "--al"])).toEqual([":files"]);
    expect(await names(["run", "claude", "--", "--mod"])).toEqual([":files"]);
  });

  it("starts no daemon, and says one line a name whatever is in it", async ({ expect }) => {
    const nobody = await runLine(["__complete", "--", "rm", ""], { daemon: daemonOf(false) });
    expect({ out: nobody.out, code: nobody.code, starts: nobody.daemon.starts() }).toEqual({ out: "", code: 0, starts: 0 });
    const { out } = await runLine(["__complete", "--", "rm", "w"], { daemon: daemonOf() });
    expect(out.split("\n")).toHaveLength(2);
  });

  it("never fails, whatever the words are", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.constantFrom("run", "mcp", "--", "-", "--name", "rm", "cp", "-x", "--a=b"), fc.string()), { maxLength: 6 }), async (words) => {
        const { code, err } = await runLine(["__complete", "--", ...words], { daemon: daemonOf() });
        expect({ code, err }).toEqual({ code: 0, err: "" });
      }),
      { numRuns: 50 },
    );
  });

  it.for([
    ["zsh", ["-f"], String.raw`words=(sbx ru); CURRENT=2; _sbx`, "run:Run an agent\nweb\\::copies\nfiles\n"],
    ["fish", ["--no-config"], "complete -C 'sbx ru'", "run\tRun an agent\n"],
  ] as const)("gives %s a script that completes", ([shell, options, asks, wanted], { expect, skip }) => {
    try {
      execFileSync(shell, ["-c", "true"]);
    } catch {
      process.stdout.write(`skipped: completion in ${shell}, because it is not on this machine\n`);
      skip();
    }
    const script = `${BEFORE[shell]}\n${SHELL_SCRIPTS[shell]}\n${asks}\n`;
    expect(execFileSync(shell, [...options, "-c", script], { encoding: "utf8" })).toBe(wanted);
  });

  it("gives bash a script that completes", ({ expect }) => {
    const script = `${SHELL_SCRIPTS.bash}
sbx() { printf 'run\\tRun an agent\\nrunning\\tx\\n'; }
COMP_WORDS=(sbx ru); COMP_CWORD=1; _sbx; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(execFileSync("bash", ["--norc", "-c", script], { encoding: "utf8" })).toBe("run\nrunning\n");
  });
});
