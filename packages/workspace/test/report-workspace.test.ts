import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { SandboxId, type WorkspaceReport } from "@sbx/contracts";
import type { WorkspaceRequest } from "@sbx/core";
import { afterEach, beforeEach, describe, test } from "vitest";
import { openAbsolute, type OpenPlace } from "../src/open-place.ts";
import { reportWorkspace } from "../src/report-workspace.ts";
import { snapshotWorkspace } from "../src/snapshot-workspace.ts";
import { TextReader } from "../src/text-reader.ts";

const TOO_LARGE = 300 * 1024;
const SCRIPTS = '{"scripts":{"postinstall":"touch /x"}}';

let root: string;
let project: string;

beforeEach(async () => {
  root = await mkdtemp(`${await realpath(tmpdir())}/sbx-report-`);
  project = `${root}/project`;
  for (const path of [project, `${root}/state`]) await mkdir(path);
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function request(): WorkspaceRequest {
  return { id: SandboxId.parse("sbx_abcdefgh"), directory: `${root}/state`, workspace: project, extra: [], hide: [], allowWrite: [], protect: [] };
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(`${project}/${path}`), { recursive: true });
  await writeFile(`${project}/${path}`, text);
}

/** What is reported of a run that does `work` in a workspace that held `before`. */
async function reportOf(work: () => Promise<void>, before: () => Promise<void> = async () => {}): Promise<WorkspaceReport> {
  await before();
  await snapshotWorkspace(request());
  await work();
  return await reportWorkspace(request());
}

async function hostPathsOf(work: () => Promise<void>, before?: () => Promise<void>): Promise<readonly string[]> {
  return (await reportOf(work, before)).runsOnHost.map(({ path }) => path);
}

describe("a manifest", () => {
  test.for([
    ["with a byte order mark", `\uFEFF${SCRIPTS}`],
    ["too large to read", `{"description":"${"x".repeat(TOO_LARGE)}","scripts":{"a":"b"}}`],
    ["that is no JSON", `${SCRIPTS},`],
    ["that is no object", "[]"],
    ["that only chooses the package manager", '{"packageManager":"pnpm@9.0.0"}'],
  ] as const)("%s is reported, new or changed", async ([, text], { expect }) => {
    expect(
      await hostPathsOf(
        async () => {
          await write("new/package.json", text);
          await write("old/package.json", text);
        },
        () => write("old/package.json", "{}"),
      ),
    ).toEqual(expect.arrayContaining(["new/package.json", "old/package.json"]));
  });

  test("that was too large before is reported when it has scripts now", async ({ expect }) => {
    expect(
      await hostPathsOf(
        () => write("package.json", SCRIPTS),
        () => write("package.json", `{"x":"${"x".repeat(TOO_LARGE)}"}`),
      ),
    ).toEqual(["package.json"]);
  });

  test("that nobody may read is reported", async ({ expect }) => {
    // Root reads it anyway, and sees the scripts.
    expect(
      await hostPathsOf(async () => {
        await write("package.json", SCRIPTS);
        await chmod(`${project}/package.json`, 0);
      }),
    ).toEqual(["package.json"]);
  });

  test("is not taken for an installed one because of how a directory's name ends", async ({ expect }) => {
    expect(
      await hostPathsOf(async () => {
        await write("my_node_modules/package.json", SCRIPTS);
        await write("node_modules/x/package.json", SCRIPTS);
      }),
    ).toEqual(["my_node_modules/package.json"]);
  });

  test("whose scripts stay the same is not reported, with or without a byte order mark", async ({ expect }) => {
    expect(
      await hostPathsOf(
        () => write("package.json", `\uFEFF${SCRIPTS.replace("{", '{"version":"2",')}`),
        () => write("package.json", SCRIPTS),
      ),
    ).toEqual([]);
  });
});

describe("git settings", () => {
  test.for([
    ["after more comments than are read", `${"# x\n".repeat(TOO_LARGE / 4)}[core]\nfsmonitor = touch /x\n`],
    ["after a comment that ends in a backslash", "# x \\\n[core]\nfsmonitor = touch /x\n"],
    ["after a value that ends in a backslash", "[core]\nx = a\\\\\nfsmonitor = touch /x\n"],
    ["after a quoted comment sign with a section in the value", '[core]\nx = "# \\\n[user]"\nfsmonitor = touch /x\n'],
    ["in a section with an escaped line separator", '[user]\nname = x\n[filter "\\\u2028"]\nclean = touch /x\n'],
    ["after a byte order mark", "\uFEFF[core]\nfsmonitor = touch /x\n"],
  ] as const)("that run a program %s are reported", async ([, text], { expect }) => {
    expect(
      await hostPathsOf(
        () => write("sub/config", text),
        () => write("sub/config", "[core]\nbare = true\n"),
      ),
    ).toEqual(["sub/config"]);
  });

  test("of a repository among installed packages are reported", async ({ expect }) => {
    expect(
      await hostPathsOf(
        () => write("node_modules/x/.git/config", "[core]\nfsmonitor = x\n"),
        () => write("node_modules/x/.git/config", ""),
      ),
    ).toEqual(["node_modules/x/.git/config"]);
  });

  test("do not hide that a file called like them is run by another program", async ({ expect }) => {
    const paths = [".cargo/config", ".claude/config", ".vscode/config", ".husky/config", ".vscode/package.json"];
    expect(
      await hostPathsOf(async () => {
        for (const path of paths) await write(path, path.endsWith(".json") ? "{}" : '[build]\nrustc-wrapper = "./x"\n');
      }),
    ).toEqual(expect.arrayContaining(paths));
  });

  test("that run nothing are not reported", async ({ expect }) => {
    expect(await hostPathsOf(() => write("sub/config", "[user]\nname = x\n"))).toEqual([]);
  });
});

test("a link in the workspace is reported when it stands for a manifest, settings or their directory", async ({ expect }) => {
  const links = ["package.json", "sub/config", "sub/config.worktree", "sub/.vscode", "sub/.husky", "sub/.cargo", "sub/kit.yaml"];
  const found = await hostPathsOf(async () => {
    await write("data/other", SCRIPTS);
    for (const link of [...links, "sub/harmless", "node_modules/config"]) {
      await mkdir(dirname(`${project}/${link}`), { recursive: true });
      await symlink(link.includes("/") ? "../data" : "data/other", `${project}/${link}`);
    }
  });
  expect(found.toSorted()).toEqual(links.toSorted());
});

describe("limits", () => {
  test("a report that cannot read everything says so, keeps what was known first, and names what it did not read", async ({ expect }) => {
    const { truncated, runsOnHost } = await reportOf(
      async () => {
        for (let number = 0; number < 450; number += 1) await write(`d${number}/package.json`, "{}");
        await write("deep/er/.git/config", "[core]\nfsmonitor = x\n");
      },
      () => write("deep/er/.git/config", ""),
    );
    expect(truncated).toBe(true);
    expect(runsOnHost[0]).toEqual({ path: "deep/er/.git/config", why: "git settings that run programs: core.fsmonitor" });
    expect(runsOnHost).toHaveLength(1 + 51);
  });

  test("a report that leaves out some of what runs on the host says so", async ({ expect }) => {
    const { truncated, runsOnHost } = await reportOf(async () => {
      for (let number = 0; number < 501; number += 1) await write(`d${number}/Makefile`, "");
    });
    expect([truncated, runsOnHost.length]).toEqual([true, 500]);
  });

  test("other work goes on between the files that are read", async ({ expect }) => {
    await write("package.json", SCRIPTS);
    using place = opened(project);
    const reader = new TextReader();
    let turns = 0;
    let done = false;
    const turn = (): void => {
      turns += 1;
      if (!done) setImmediate(turn);
    };
    setImmediate(turn);
    for (let number = 0; number < 50; number += 1) await reader.read(place, "package.json");
    done = true;
    expect(turns).toBeGreaterThanOrEqual(49);
  });

  test.for([
    { files: 2, milliseconds: 60_000 },
    { files: 60_000, milliseconds: 0.000_001 },
  ])("nothing is read beyond %j", async (limits, { expect }) => {
    await write("package.json", SCRIPTS);
    using place = opened(project);
    const reader = new TextReader(limits);
    expect(await reader.read(place, "package.json")).toHaveProperty("text");
    await reader.read(place, "package.json");
    expect(await reader.read(place, "package.json")).toBeUndefined();
    expect(reader.isCut).toBe(true);
  });
});

function opened(path: string): OpenPlace {
  const place = openAbsolute(path);
  if (typeof place === "string") throw new Error(place);
  return place;
}
