import { afterAll, beforeAll, describe, it } from "vitest";
import { askEngine, labelled } from "../src/engine-api.ts";
import { openHost, type Host } from "../src/open-host.ts";

let host: Host;
let project: string;
/** Whether an earlier run on this engine installed packages, which are not fetched again then. */
let installedBefore: boolean;
beforeAll(async () => {
  installedBefore = JSON.stringify(await askEngine("GET", `/images/json?all=1&${labelled("dev.sbx.image=packages")}`, process.env["DOCKER_HOST"])) !== "[]";
  host = openHost();
  project = await host.project("made", 1234);
  const made = await host.sbx(["create", "-q", "--name", "first", "shell"], { cwd: project });
  if (made.code !== 0) throw new Error(made.stderr);
});
afterAll(() => host[Symbol.asyncDispose]());

const inside = (sandbox: string, script: string) => host.sbx(["exec", sandbox, "sh", "-c", script]);
/** What an agent would leave for the next sandbox, each with words that are found again. */
const PLANT = [
  "echo export API_KEY=sk-planted-1 > .bash_history",
  "mkdir -p .ssh .config/git/hooks .cache/pip .local/bin .local/share/tool .local/share/app/.git/hooks tools",
  "echo planted-2 > .ssh/id_ed25519",
  "printf '[core]\\n hooksPath = /tmp\\n' > .gitconfig",
  "echo 'echo planted-3' | tee .bashrc .profile .config/git/hooks/pre-commit .local/share/app/.git/hooks/pre-commit >/dev/null",
  "echo //r/:_authToken=planted-4 | tee .npmrc .local/share/app/.npmrc >/dev/null",
  "printf -- '-----BEGIN PRIVATE KEY-----\\nplanted-5\\n' > tools/server.key",
  "echo a public certificate > tools/ca.pem",
  "echo planted-6 > .cache/pip/x",
  "printf '#!/bin/sh\\necho planted-7\\n' > .local/bin/git",
  "printf '#!/bin/sh\\necho a tool\\n' > .local/share/tool/run",
  "cp /bin/ls tools/ls",
  "chmod 755 .local/bin/git .local/share/tool/run",
  "chmod 4755 tools/ls 2>/dev/null",
  "mkfifo tools/pipe",
  "ln -s ../../../../etc/shadow tools/out",
  "ln -s /usr/bin/env tools/env",
  "ln -s tool .local/share/alias",
  "ln tools/ca.pem tools/hard",
].join("; ");

describe("a package of the system", () => {
  it("is put into a sandbox by its person, and the sandbox keeps its home", async ({ expect }) => {
    await inside("first", `cd; echo kept > note; ${PLANT}`);
    const { code, stdout, stderr } = await host.sbx(["install", "--sandbox", "first", "tree"]);
    expect({ code, stdout, stderr: stderr.includes("session runs") }).toEqual({ code: 0, stdout: "first: tree\n", stderr: false });
    expect(await inside("first", "tree --version | cut -d' ' -f1; cat ~/note")).toMatchObject({ code: 0, stdout: "tree\nkept\n" });
    expect((await host.sandbox("first")).packages).toEqual(["tree"]);
  });

  it("is asked for inside, where apt and sudo say how", async ({ expect }) => {
    const asked = await inside("first", "sudo apt-get install -y cowsay; echo $?; apt update; echo $?; bash -c 'apt install cowsay'; sudo id");
    expect(asked.stdout).toBe("100\n100\n");
    expect(asked.stderr.match(/sbx install --sandbox first cowsay/g)).toHaveLength(2);
  });

  it("waits for the next start where a session runs, which goes on", async ({ expect }) => {
    const session = (await host.sbx(["exec", "-d", "first", "sleep", "600"])).stdout.trim();
    const { code, stderr } = await host.sbx(["install", "-q", "--sandbox", "first", "bc"]);
    expect({ code, waits: stderr.includes("sbx stop first && sbx start first") }).toEqual({ code: 0, waits: true });
    expect((await host.sandbox("first")).sessions.find(({ id }) => id === session)?.state.phase).toBe("running");
    expect((await inside("first", "command -v bc")).code).not.toBe(0);
    await host.sbx(["stop", "first"]);
    expect((await inside("first", "echo 6*7 | bc")).stdout).toBe("42\n");
  });

  it("is nothing where there is none of the name: no pattern, no removal, no option, no file", async ({ expect }) => {
    const before = (await host.sandbox("first")).image;
    // It would be a pattern, if one were looked for.
    expect((await host.sbx(["install", "-q", "--sandbox", "first", "tre.+"])).stderr).toContain("PACKAGE_UNKNOWN");
    for (const name of [
      "bash-",
      "-oAPT::Update::Pre-Invoke::=id",
      "./evil.deb",
      "/tmp/evil.deb",
      "tree\nbash-",
      "tree;id",
      "$(id)",
      "tree*",
      "tree/unstable",
      "tree=",
      "^tree",
      "~nbash",
      "?all",
      "tree=1 -y",
    ])
      expect((await host.sbx(["install", "-q", "--sandbox", "first", "--", name])).code, name).toBe(2);
    expect((await host.sandbox("first")).image).toBe(before);
    expect((await inside("first", "bash -c 'echo there'")).stdout).toBe("there\n");
  });

  it("is asked of the distribution's hosts alone, and gives nobody rights", async ({ expect }) => {
    const reached = (await host.events()).filter(({ type, fields }) => type.startsWith("egress.") && fields["server"] === "packages").map(({ fields }) => String(fields["to"]));
    const { stdout: sources } = await inside("first", "cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null");
    expect(reached.length > 0 || installedBefore).toBe(true);
    expect(reached.filter((to) => !/(?:^|\.)debian\.org$/.test(to) && !sources.includes(`//${to}`))).toEqual([]);
    expect((await inside("first", "find / -xdev -type f -perm /6000 2>/dev/null | head")).stdout).toBe("");
  });
});

describe("a browser", () => {
  it("is not opened by a sandbox: its person sees what is asked for, and nothing that drives a terminal", async ({ expect }) => {
    await inside("first", "xdg-open https://login.example.org/device; xdg-open \"$(printf 'https://example.org/\\033]0;x\\007')\"; xdg-open file:///etc/passwd; echo javascript:x >> /tmp/.sbx-open");
    expect((await host.sbx(["open", "first", "--json"])).stdout).toBe('[\n  "https://login.example.org/device",\n  "https://example.org/]0;x"\n]\n');
    expect((await host.sbx(["open", "first"])).stdout).toBe("Nothing is asked for in first.\n");
    await inside("first", "xdg-open https://login.example.org/device");
    expect((await host.sbx(["open", "first"])).code).toBe(2);
  });
});

describe("a limit", () => {
  it("that is met is said, with what changes it", async ({ expect }) => {
    const made = await host.sbx(["create", "-q", "--name", "small", "-m", "128m", "--pids", "40", "shell"], { cwd: project });
    expect(made.code).toBe(0);
    const eaten = await host.sbx(["exec", "small", "node", "--max-old-space-size=4000", "-e", "const a=[];for(;;)a.push(Buffer.alloc(1<<24,1))"]);
    expect({ code: eaten.code, said: eaten.stderr.includes("whose memory of 128 MiB was used up") }).toEqual({ code: 137, said: true });
    const forked = await host.sbx(["exec", "small", "sh", "-c", "i=0; while [ $i -lt 100 ]; do sleep 5 & i=$((i+1)); done; wait"]);
    expect({ code: forked.code, said: forked.stderr.includes("limit of 40 processes") }).toEqual({ code: 2, said: true });
    expect((await host.sbx(["exec", "small", "sh", "-c", "kill -KILL $$"])).code).toBe(137);
    await host.sbx(["rm", "--force", "small"]);
  });
});

describe("a template", () => {
  it("takes nothing of a home that was not named", async ({ expect }) => {
    expect((await host.sbx(["save", "first", "bare"])).stdout).toBe("bare\n");
    const run = await host.sbx(
      ["run", "-q", "--rm", "--name", "second", "-t", "bare", "shell", "--", "sh", "-c", "tree --version | cut -d' ' -f1; grep -rl planted ~; ls -A ~; git config --global core.hooksPath"],
      { cwd: project },
    );
    expect(run.stdout.split("\n")[0]).toBe("tree");
    expect(run.stdout).not.toMatch(/bash_history|\.ssh|note|tools|\.local|planted|\/tmp/);
  });

  it("leaves out secrets, histories, caches, hooks and rights even of a home that is named whole", async ({ expect }) => {
    const saved = await host.sbx(["save", "first", "whole", "--home", "."]);
    expect({ code: saved.code, out: saved.stdout }).toEqual({ code: 0, out: "whole\n" });
    expect(saved.stderr).toContain(".bash_history");
    await host.sbx(["create", "-q", "--name", "third", "--template", "whole", "shell"], { cwd: project });
    const found = await inside(
      "third",
      "cd; grep -rlE 'planted-[1-6]' . ; git config --global core.hooksPath; ls -A tools; stat -c '%A %U' tools/ls; find . -perm /6000; find . -type p; .local/share/alias/run; cat note tools/hard",
    );
    expect(found.stdout).toBe("ca.pem\nenv\nhard\nls\n-rwxr-xr-x agent\na tool\nkept\na public certificate\n");
  });

  it("takes what is named itself, and says of a path that is not there", async ({ expect }) => {
    expect((await host.sbx(["save", "-q", "first", "whole"])).stderr).toContain("NAME_TAKEN");
    expect((await host.sbx(["save", "-q", "--replace", "first", "named", "--home", ".local/share/tool", "--home", ".ssh"])).code).toBe(0);
    const run = await host.sbx(["run", "-q", "--rm", "--name", "fourth", "-t", "named", "shell", "--", "sh", "-c", "cd; cat .ssh/id_ed25519; ls -A .local .local/share; cat .bash_history note"], {
      cwd: project,
    });
    expect(run.stdout).toBe("planted-2\n.local:\nshare\n\n.local/share:\ntool\n");
    const none = await host.sbx(["save", "-q", "first", "none", "--home", "no-such-path"]);
    expect({ code: none.code, none: none.stderr.includes("PATH_NOT_FOUND") }).toEqual({ code: 125, none: true });
    for (const path of ["../x", "/etc", "a/../../b", "a\nb"]) expect((await host.sbx(["save", "first", "none", "--home", path])).code, path).toBe(2);
    expect((await host.sbx(["template", "ls", "-q"])).stdout).toBe("bare\nnamed\nwhole\n");
  });

  it("is of its agent, cannot be changed for a sandbox that is there, and goes when nothing is made of it", async ({ expect }) => {
    expect((await host.sbx(["create", "-q", "--name", "fifth", "-t", "bare", "claude"], { cwd: project })).stderr).toContain('saved from a sandbox of "shell"');
    expect((await host.sbx(["create", "-q", "--name", "fifth", "-t", "nowhere", "shell"], { cwd: project })).stderr).toContain("TEMPLATE_UNKNOWN");
    expect((await host.sbx(["create", "-q", "--name", "third", "-t", "bare", "shell"], { cwd: project })).stderr).toContain("--template bare");
    expect((await host.sbx(["template", "rm", "whole"])).stderr).toContain("third");
    await host.sbx(["rm", "--force", "third"]);
    expect((await host.sbx(["template", "rm", "whole", "named", "bare"])).stdout).toBe("whole\nnamed\nbare\n");
    expect((await host.sbx(["template", "ls", "-q"])).stdout).toBe("");
  });

  it("keeps the image of its packages while a sandbox or template has it, and not longer", async ({ expect }) => {
    const { image } = await host.sandbox("first");
    expect((await host.sbx(["save", "-q", "first", "keeper"])).code).toBe(0);
    // What is stopped goes too, and this one is to stay.
    expect((await host.sbx(["exec", "-d", "first", "sleep", "600"])).code).toBe(0);
    expect((await host.sbx(["prune", "--force"])).code).toBe(0);
    expect((await inside("first", "echo 6*7 | bc")).stdout).toBe("42\n");
    expect((await host.sbx(["rm", "--force", "first"])).code).toBe(0);
    expect((await host.sbx(["run", "-q", "--rm", "-t", "keeper", "shell", "--", "sh", "-c", "echo 6*7 | bc"], { cwd: project })).stdout).toBe("42\n");
    expect(await host.imageNames(image)).not.toEqual([]);
    expect((await host.sbx(["template", "rm", "keeper"])).code).toBe(0);
    expect((await host.sbx(["prune", "--dry-run"])).stdout).toContain("sbx/packages:");
    expect((await host.sbx(["prune"])).code).toBe(2);
    expect((await host.sbx(["prune", "--force", "--filter", "label=x"])).stdout).not.toContain("sbx/");
    expect((await host.sbx(["prune", "--force"])).stdout).toContain("sbx/packages:");
    // Without a name it may be there for others' images that are made of it.
    expect(await host.imageNames(image).catch(() => [])).toEqual([]);
  });
});
