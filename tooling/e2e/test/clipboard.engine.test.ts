import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, type Host } from "../src/open-host.ts";
import { openTerminal } from "../src/open-terminal.ts";

const PNG = "\u0089PNG\r\n\u001A\nthe image that was given";
const SECRET = "canary-of-the-clipboard";
const TOOLS = ["wl-paste", "wl-copy", "xclip", "xsel", "pbpaste", "pbcopy", "pngpaste"];

let host: Host;
let log: string;
beforeAll(async () => {
  const bin = mkdtempSync(path.join(tmpdir(), "sbx-clipboard-"));
  log = path.join(bin, "used");
  writeFileSync(path.join(bin, "content"), SECRET);
  for (const name of TOOLS) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\necho "${name} $*" >> ${log}\ncase "$*" in *image/png*) cat ${bin}/content ;; *) exit 1 ;; esac\n`);
    chmodSync(path.join(bin, name), 0o755);
  }
  host = openHost({ PATH: `${bin}:${process.env["PATH"] ?? ""}`, SBX_KEEP_READY: "no" });
  for (const name of ["one", "two"]) expectOk(await host.sbx(["create", "-q", "--name", name, "shell"], { cwd: await host.project(name) }));
}, 600_000);
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  rmSync(path.dirname(log), { recursive: true });
});

function expectOk({ code, stderr }: { readonly code: number; readonly stderr: string }): void {
  if (code !== 0) throw new Error(stderr);
}

const used = (): string => (existsSync(log) ? readFileSync(log, "utf8") : "");
const inside = (name: string, script: string) => host.sbx(["exec", name, "sh", "-c", script]);

describe("the clipboard of this machine", () => {
  it("is read by nothing in a sandbox, and its programs there say who can give what", { timeout: 120_000 }, async ({ expect }) => {
    const lines = ["xclip -selection clipboard -t image/png -o", "xclip -o", "wl-paste --type image/png", "wl-paste", "xsel -o", "pbpaste"];
    const { stdout, stderr } = await inside("one", lines.map((line) => `${line}; echo "$?"`).join("\n"));
    expect(stdout).toBe("1\n".repeat(lines.length));
    expect(stderr).toContain("sbx paste one");
    expect(used()).toBe("");
  });

  it("gives an image to the sandbox that it was given to, and to no other", { timeout: 120_000 }, async ({ expect }) => {
    const refused = await host.sbx(["paste", "one"]);
    expect([refused.code === 0, (await inside("one", "ls ~/.sbx-pasted; wl-paste -l")).stdout]).toEqual([false, ""]);
    writeFileSync(path.join(path.dirname(log), "content"), PNG, "latin1");
    const { code, stdout } = await host.sbx(["paste", "one"]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\/home\/agent\/\.sbx-pasted\/image-[0-9-]+\.png\n$/)]);
    const before = used();
    const pasted = await inside("one", `wl-paste -l && xclip -selection clipboard -t image/png -o | cmp - '${stdout.trim()}' && wl-paste --type image/png | base64 -w0`);
    expect(pasted).toMatchObject({ code: 0, stdout: `image/png\n${Buffer.from(PNG, "latin1").toString("base64")}` });
    expect((await inside("two", "ls ~/.sbx-pasted; wl-paste -l; wl-paste --type image/png")).stdout).toBe("");
    expect(used()).toBe(before);
  });

  it("is not written: what is copied waits for its person, and the terminal's own command is not passed on unless that is said", { timeout: 120_000 }, async ({ expect }) => {
    const before = used();
    expect((await inside("one", "printf 'rm -rf x' | xclip -selection clipboard")).stderr).toContain("sbx copied one");
    expect((await host.sbx(["copied", "one"], { input: "" })).code).not.toBe(0);
    await inside("one", "printf 'echo hi' | pbcopy");
    expect(JSON.parse((await host.sbx(["copied", "one", "--json"])).stdout)).toEqual({ sandbox: "one", text: "echo hi" });
    expect(used()).toBe(before);

    const command = ["sh", "-c", String.raw`printf 'seen \033]52;c;aGk=\007\033]52;c;?\007 end\n'`];
    using denied = openTerminal(host, ["exec", "one", ...command], { cwd: host.home });
    expect((await denied.ended()).code).toBe(0);
    // Of output that was there before its viewer, questions are left out already.
    expect(denied.written()).toMatch(/sbx: (?:once|2 times) a program in one wanted to reach your clipboard/);
    expect(denied.written()).not.toContain("]52;");
    using allowed = openTerminal(host, ["exec", "--clipboard", "one", ...command], { cwd: host.home });
    expect((await allowed.ended()).code).toBe(0);
    expect(allowed.written()).toContain("\u001B]52;c;aGk=\u0007");
    expect(allowed.written()).not.toContain("52;c;?");
  });
});
