import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { Lab } from "./lab.ts";

let lab: Lab;
beforeAll(() => {
  lab = new Lab();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

describe("a workspace that is none", () => {
  it.for([
    ["that is missing", (): string => path.join(lab.root, "nowhere"), "WORKSPACE_INVALID"],
    [
      "that is a file",
      (): string => {
        writeFileSync(path.join(lab.root, "file"), "");
        return path.join(lab.root, "file");
      },
      "WORKSPACE_INVALID",
    ],
    ["that is the root", (): string => "/", "WORKSPACE_INVALID"],
    ["that is the home", (): string => homedir(), "WORKSPACE_INVALID"],
    ["under /proc", (): string => "/proc/self/task", "WORKSPACE_INVALID"],
    ["that is the daemon's state", (): string => lab.state, "WORKSPACE_INVALID"],
    [
      "with a newline",
      (): string => {
        const one = path.join(lab.root, "a\nb");
        mkdirSync(one, { recursive: true });
        return one;
      },
      "WORKSPACE_INVALID",
    ],
  ] as const)("%s is refused, and nothing is made", async ([, place, code], { expect }) => {
    const outcome = await lab.begin(["run", "shell", place(), "--", "true"]).done;
    expect(outcome.code).toBe(125);
    expect(outcome.err).toContain(code);
    expect(outcome.err).toContain("fix");
    expect(await lab.inEngine()).toEqual([]);
    expect(await lab.sandboxes()).toEqual([]);
  });

  it.for(["a:b", "a,b", "with spaces", "größe-目录", "quote'\"$x", "%41"])("is fine where its name is only strange: %s", async (name, { expect }) => {
    const cwd = lab.workspace(name);
    const outcome = await lab.run(cwd, "sh", "-c", "pwd; echo made > made");
    expect(outcome).toMatchObject({ code: 0, out: `${cwd}\n` });
    expect(readdirSync(cwd)).toContain("made");
    const [sandbox] = await lab.sandboxes();
    expect((await lab.sbx("rm", "--force", sandbox?.name ?? "")).code).toBe(0);
    expect(await lab.inEngine()).toEqual([]);
  });

  it("behind a link is the directory that the link names", async ({ expect }) => {
    const cwd = lab.workspace("real");
    const link = path.join(lab.root, "link");
    symlinkSync(cwd, link);
    const outcome = await lab.begin(["run", "-q", "shell", link, "--", "pwd"]).done;
    expect(outcome).toMatchObject({ code: 0, out: `${cwd}\n` });
    await lab.sbx("rm", "--force", (await lab.sandboxes())[0]?.name ?? "");
  });
});

describe("names", () => {
  it("of an agent that is unknown bring up those that are near", async ({ expect }) => {
    const outcome = await lab.sbx("run", "claud");
    expect(outcome.code).toBe(125);
    expect(outcome.err).toContain("AGENT_UNKNOWN");
    expect(outcome.err).toContain("claude");
    expect(await lab.inEngine()).toEqual([]);
  });

  it.for(["a.b", "a_b", "A-1.x_y", `n${"x".repeat(62)}`])("of sandboxes lead to themselves, and programs see them: %s", async (name, { expect }) => {
    const outcome = await lab.begin(["run", "-q", "--name", name, "shell", "--", "sh", "-c", 'getent hosts "$SBX_SANDBOX" "$(hostname)"; bash -ic "echo \\${PS1@P}" 2>/dev/null'], {
      cwd: lab.workspace("named"),
    }).done;
    const { id } = (await lab.sandboxes())[0] ?? { id: "none" };
    const own = id.replace("_", "-");
    const [byName = "", byHostName = "", prompt = ""] = outcome.out.split("\n");
    expect([outcome.code, byName, byHostName]).toEqual([0, expect.stringMatching(/^127\.0\.0\.1\s/), byName]);
    expect(prompt).toContain(`(${name})agent@${own}:`);
    expect((await lab.sbx("rm", "--force", name)).code).toBe(0);
  });

  it.for(["-a", ".a", "a b", "a/b", "..", `n${"x".repeat(63)}`, "a\nb"])("that no sandbox may have are refused: %j", async (name, { expect }) => {
    const outcome = await lab.begin(["run", `--name=${name}`, "shell", "--", "true"]).done;
    expect(outcome.code).not.toBe(0);
    expect(await lab.inEngine()).toEqual([]);
  });
});

describe("a Kit", () => {
  function kit(name: string, more: string): string {
    const directory = path.join(lab.root, name);
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, "kit.dockerfile"), 'ARG SBX_BASE\nFROM ${SBX_BASE}\nUSER agent\nCMD ["/bin/bash", "-l"]\n');
    writeFileSync(
      path.join(directory, "kit.yaml"),
      `# syntax=docker/sandbox-kit:3\nschemaVersion: "3"\nkind: workload\ndisplayName: Own\ndescription: One of our own.\nversion: "1.0.0"\nprovides: ["dev.sbx/shell"]\n${more}`,
    );
    return directory;
  }

  it("with a key that nobody knows is refused, and the place is named", async ({ expect }) => {
    const outcome = await lab.begin(["run", kit("odd", "surprise: 1\n"), "--", "true"]).done;
    expect(outcome.code).toBe(125);
    expect(outcome.err).toContain("KIT_INVALID");
    expect(outcome.err).toContain("surprise");
    expect(outcome.err).toMatch(/kit\.yaml:8|line 8/);
    expect(await lab.inEngine()).toEqual([]);
  });

  it("that requires what we lack is refused by the capability's name", async ({ expect }) => {
    const outcome = await lab.begin(["run", kit("wants", "capabilities:\n  - type: com.example/teleport@1\n"), "--", "true"]).done;
    expect(outcome.code).toBe(125);
    expect(outcome.err).toContain("KIT_UNSUPPORTED");
    expect(outcome.err).toContain("com.example/teleport@1");
    expect(await lab.inEngine()).toEqual([]);
  });

  it("that an agent could rewrite is not used: neither in the workspace, nor through a link that leads there", async ({ expect }) => {
    const workspace = lab.workspace("rewriter");
    const inside = kit(path.relative(lab.root, path.join(workspace, "kit")), "");
    const link = path.join(lab.root, "kit-link");
    symlinkSync(inside, link);
    for (const given of [inside, link]) {
      const outcome = await lab.begin(["run", given, "--", "true"], { cwd: workspace }).done;
      expect(outcome.code).toBe(125);
      expect(outcome.err).toContain("where an agent may write");
    }
    expect(await lab.inEngine()).toEqual([]);
  });

  it("that could do with what we lack runs without it, and says so", async ({ expect }) => {
    const directory = kit("hopes", "capabilities:\n  - type: com.example/teleport@1\n    optional: true\n");
    expect(await lab.begin(["run", "-q", directory, "--", "echo", "runs"], { cwd: lab.workspace("kitted") }).done).toMatchObject({ code: 0, out: "runs\n" });
    const [sandbox] = await lab.sandboxes();
    const shown = (await lab.sbx("inspect", sandbox?.name ?? "")).out;
    expect(shown).toContain("com.example/teleport@1");
    await lab.sbx("rm", "--force", sandbox?.name ?? "");
  });
});
