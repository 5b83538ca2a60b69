import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, type Host } from "../src/open-host.ts";

const IMAGE = "sbx/own:latest";
/** Stands in a directory of the host that no sandbox may see. */
const SECRET = `host-secret-${process.pid}`;
/** Where the daemon may mount, it shows a place itself; elsewhere a copy, which can be read alone. */
const MOUNTS = process.geteuid?.() === 0;

let host: Host;
let cwd: string;
let outside: string;
const inside = (script: string) => host.sbx(["exec", "shell-binds", "sh", "-c", script]);
const say = async (script: string) => (await inside(script)).stdout;
const run = (bind: string, script: string, options = "") => `docker run --rm ${options} -v ${bind} ${IMAGE} sh -c '${script}'`;

beforeAll(async () => {
  host = openHost();
  outside = mkdtempSync("/var/tmp/sbx-outside-");
  writeFileSync(path.join(outside, "f"), SECRET);
  cwd = await host.project("binds");
  for (const name of ["sql", "out", "deep/a", "keys", "vault/in"]) mkdirSync(path.join(cwd, name), { recursive: true });
  writeFileSync(path.join(cwd, "sql/init.sql"), "select 1");
  for (const name of ["keys/k", "vault/in/k"]) writeFileSync(path.join(cwd, name), SECRET);
  const made = await host.sbx(["create", "-q", "--mount-docker-socket", "--hide", "keys", "--hide", "vault/in/k", "shell"], { cwd });
  if (made.code !== 0) throw new Error(made.stderr);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  rmSync(outside, { recursive: true, force: true });
});

describe("a path below the workspace in an agent's container", () => {
  it("is a directory or a file, as compose and Testcontainers mount them", async ({ expect }) => {
    expect(await inside(run('"$PWD"/sql:/s:ro', "cat /s/init.sql; touch /s/x 2>&1 | grep -c Read-only"))).toMatchObject({ stdout: "select 11\n" });
    expect(await say(run('"$PWD"/sql/init.sql:/one.sql:ro', "cat /one.sql"))).toBe("select 1");
    expect(await say(`docker run --rm -v "$PWD"/sql:/s:ro -v "$PWD"/deep:/d:ro ${IMAGE} ls /s /d`)).toBe("/d:\na\n\n/s:\ninit.sql\n");
    expect(
      await say(
        `docker create --name shown -v "$PWD"/sql:/s:ro ${IMAGE} true >/dev/null; docker inspect -f '{{range .Mounts}}{{.Type}} {{.Source}} {{.Destination}} {{.RW}}{{end}}' shown; docker rm shown`,
      ),
    ).toBe(`bind ${cwd}/sql /s false\nshown\n`);
  });

  it("is written through where the daemon may mount, and is not without that right", async ({ expect }) => {
    const written = await inside(run('"$PWD"/out:/o', "echo new > /o/f"));
    if (MOUNTS) expect(readFileSync(path.join(cwd, "out/f"), "utf8")).toBe("new\n");
    else expect(written.stderr).toContain("read-only (:ro)");
  });

  it("is there again when its container is started again", async ({ expect }) => {
    await inside(`docker create --name again -v "$PWD"/sql:/s:ro ${IMAGE} cat /s/init.sql`);
    expect(await say("docker start -a again; echo; printf 'select 2' > sql/init.sql; docker start -a again; docker rm -f again >/dev/null; printf 'select 1' > sql/init.sql")).toBe(
      "select 1\nselect 2",
    );
  });

  it("keeps what is protected and hidden in it, whatever the part is", async ({ expect }) => {
    const before = statSync(path.join(cwd, ".git/hooks")).mtimeMs;
    const mode = MOUNTS ? "" : ":ro";
    const seen = await say(
      `${run(`"$PWD"/.git:/g${mode}`, "echo x > /g/hooks/post-commit; echo x >> /g/config; echo tried")}; ${run(`"$PWD"/.git/hooks:/h${mode}`, "echo x > /h/post-commit; echo tried")}`,
    );
    expect(seen).toBe("tried\ntried\n");
    expect(statSync(path.join(cwd, ".git/hooks")).mtimeMs).toBe(before);
    expect(readFileSync(path.join(cwd, ".git/config"), "utf8")).not.toContain("x\n");
    for (const bind of ['"$PWD"/keys:/k:ro', '"$PWD"/keys/k:/k:ro']) expect(await say(run(bind, "cat /k /k/k; ls /k"))).not.toContain(SECRET);
  });

  it("uncovers nothing that is hidden by another name of a directory above it", async ({ expect }) => {
    const mode = MOUNTS ? "" : ":ro";
    const seen = await say(
      `mv vault v2; mv vault/in v3; for d in vault v2 v3; do ${run(`"$PWD"/$d:/x${mode}`, "cat /x/k /x/in/k")}; done; ${run('"$PWD":/w', "mv /w/vault /w/v4; cat /w/v4/in/k /w/v3/k /w/vault/in/k")}; cat v*/k v*/in/k`,
    );
    expect(seen).toBe("");
    expect(readFileSync(path.join(cwd, "vault/in/k"), "utf8")).toBe(SECRET);
  });

  it("is not shown by a container that was made before something in it was protected", async ({ expect }) => {
    await inside(
      `docker create --name older -v "$PWD":/w ${IMAGE} sh -c 'echo x > /w/.mcp.json; echo ran' >/dev/null; docker create --name younger -v "$PWD"/sql:/s:ro ${IMAGE} cat /s/init.sql >/dev/null`,
    );
    expect((await host.sbx(["stop", "shell-binds"])).code).toBe(0);
    writeFileSync(path.join(cwd, ".mcp.json"), "{}");
    expect((await host.sbx(["start", "shell-binds"])).code).toBe(0);
    const started = await inside("docker start -a older");
    expect(started.stdout).toBe("");
    expect(started.stderr).toContain("make it again");
    const copied = await inside("printf x > evil; docker cp evil older:/w/.mcp.json; docker cp older:/w/.mcp.json taken");
    expect(copied.stderr.match(/make it again/g)).toHaveLength(2);
    expect(readFileSync(path.join(cwd, ".mcp.json"), "utf8")).toBe("{}");
    expect(await say("docker start -a younger; docker rm older younger >/dev/null")).toBe("select 1");
  });

  it("is nothing of the host, by a link, by dots, or by a link that comes after it was made", async ({ expect }) => {
    await inside(`ln -s ${outside} link; ln -s ${outside}/f filelink; ln -s .. up`);
    for (const source of ["link", "link/f", "filelink", "up", "up/..", "sql/../../..", "sql/missing"]) {
      const { code, stdout } = await inside(run(`"$PWD"/${source}:/x:ro`, "cat /x /x/f; ls /x"));
      expect([source, code, stdout]).toEqual([source, 125, ""]);
    }
    // The engine would follow the link at the start.
    const swapped = await inside(
      `mkdir swap; docker create --name swapped -v "$PWD"/swap:/x:ro ${IMAGE} sh -c 'cat /x/f; ls /x' >/dev/null; mv swap was; ln -s ${outside} swap; docker start -a swapped; docker rm -f swapped >/dev/null; rm swap`,
    );
    expect(swapped.stdout).toBe("");
    expect(swapped.stderr).toContain("symbolic link");
  });

  it("is nothing of the host while the agent puts links in its place as fast as it can", async ({ expect }) => {
    await inside(`mkdir -p race/d; (while [ ! -e stop ]; do mv race/d race/e; ln -s ${outside} race/d; rm race/d; mv race/e race/d; done) >/dev/null 2>&1 &`);
    const seen = await say(`for i in 1 2 3 4 5 6 7 8 9 10 11 12; do ${run('"$PWD"/race/d:/x:ro', "echo ran; cat /x/f")}; done 2>/dev/null; touch stop`);
    expect(seen.replaceAll("ran\n", "")).toBe("");
  });

  it("leaves nothing on the host when its containers are gone, and when the sandbox is", async ({ expect }) => {
    const held = () =>
      readFileSync("/proc/self/mountinfo", "utf8")
        .split("\n")
        .filter((line) => line.includes(`${host.stateDirectory}/workspace-mounts/ctr_`));
    // What was held for a container that removes itself goes after it.
    await expect.poll(held, { timeout: 20_000 }).toEqual([]);
    await inside(`docker run -d -v "$PWD"/sql:/s:ro ${IMAGE} sleep 300`);
    expect(held().length).toBe(MOUNTS ? 1 : 0);
    expect((await host.sbx(["rm", "--force", "shell-binds"])).code).toBe(0);
    expect(held()).toEqual([]);
    expect(readFileSync(path.join(cwd, "sql/init.sql"), "utf8")).toBe("select 1");
  });
});
