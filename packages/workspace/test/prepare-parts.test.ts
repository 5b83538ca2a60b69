import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { AppError, SandboxId, ServerPodId } from "@sbx/contracts";
import type { PartsRequest, WorkspacePart, WorkspaceRequest } from "@sbx/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, it } from "vitest";
import { openAbsolute } from "../src/open-place.ts";
import { createWorkspaceHost, type LocalWorkspaceHost } from "../src/workspace-host.ts";

const SANDBOX = SandboxId.parse("sbx_abcdefgh");
const SERVER = ServerPodId.parse("mcp_abcdefgh");
let root: string;
let project: string;
let host: LocalWorkspaceHost;

/** A daemon that may not mount, so that these run as anybody. */
beforeEach(async () => {
  root = await mkdtemp(`${await realpath(tmpdir())}/sbx-parts-`);
  project = `${root}/home/project`;
  for (const path of ["home/project/src/deep", "home/project/.git/hooks", "home/project/.git/objects", "home/project/.git/refs", "home/other", "state", "config"])
    await mkdir(`${root}/${path}`, { recursive: true });
  await writeFile(`${project}/src/a.ts`, "a");
  await writeFile(`${project}/.git/config`, "[core]\n");
  await writeFile(`${project}/.git/HEAD`, "ref: refs/heads/main\n");
  host = createWorkspaceHost({ stateDirectory: `${root}/state`, configDirectory: `${root}/config`, home: `${root}/home`, mounts: false });
  if (process.geteuid?.() === 0) execFileSync("chown", ["-R", "1000:1000", `${root}/home`]);
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function request(parts: readonly Partial<WorkspacePart>[], sandbox: Partial<WorkspaceRequest> = {}): PartsRequest {
  return {
    id: SERVER,
    directory: `${root}/state/servers/${SERVER}`,
    sandbox: { id: SANDBOX, directory: `${root}/state/sandboxes/${SANDBOX}`, workspace: project, extra: [], hide: [], allowWrite: [], protect: [], ...sandbox },
    parts: parts.map(({ path = project, target = path, readonly = true }) => ({ path, target, readonly })),
    isVerified: true,
  };
}

async function problemOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => (AppError.is(error) && error.fix.length > 10 ? error.code : String(error)),
  );
}

/** The line of `hold stat` for a path of the host, seen at another. */
function statOf(path: string, at = path): string {
  const opened = openAbsolute(path);
  if (typeof opened === "string") throw new Error(opened);
  using place = opened;
  return `${place.identity.dev} ${place.identity.ino} 755 d ${at}`;
}

describe("parts of a workspace for a server", () => {
  it("are the named ones and nothing around them, at the place that was asked for", async ({ expect }) => {
    const { mounts, checkpoints } = await host.prepareParts(request([{ path: `${project}/src`, target: "/data" }]));
    expect(mounts).toEqual([{ kind: "bind", source: `${project}/src`, target: "/data", readonly: true }]);
    expect(checkpoints).toEqual(["/data"]);
  });

  it("may be single files", async ({ expect }) => {
    const { mounts } = await host.prepareParts(request([{ path: `${project}/src/a.ts`, target: "/etc/server.conf" }]));
    expect(mounts).toEqual([{ kind: "bind", source: `${project}/src/a.ts`, target: "/etc/server.conf", readonly: true }]);
  });

  it.for([
    ["outside of the workspace", (): string => `${root}/home/other`, "WORKSPACE_INVALID"],
    ["the person's home", (): string => `${root}/home`, "WORKSPACE_INVALID"],
    ["beginning like the workspace", (): string => `${project}-else`, "WORKSPACE_INVALID"],
    ["the root", (): string => "/", "WORKSPACE_INVALID"],
    ["a system's", (): string => "/etc", "WORKSPACE_INVALID"],
    ["leading up", (): string => `${project}/../other`, "WORKSPACE_INVALID"],
    ["leading up at its end", (): string => `${project}/src/..`, "WORKSPACE_INVALID"],
    ["with a part that is nothing", (): string => `${project}/./src`, "WORKSPACE_INVALID"],
    ["with a line break", (): string => `${project}/src\n/etc`, "WORKSPACE_INVALID"],
    ["relative", (): string => "src", "WORKSPACE_INVALID"],
    ["missing", (): string => `${project}/none`, "WORKSPACE_INVALID"],
    ["below a file", (): string => `${project}/src/a.ts/b`, "WORKSPACE_INVALID"],
  ] as const)("are refused: %s", async ([, path, code], { expect }) => {
    expect(await problemOf(host.prepareParts(request([{ path: path(), target: "/data" }])))).toBe(code);
  });

  it("are found without following a link, wherever it is in the way and wherever it leads", async ({ expect }) => {
    await symlink("/etc", `${project}/etc`);
    await symlink(`${project}/src`, `${project}/inner`);
    await symlink(`${root}/home/other`, `${project}/src/deep/out`);
    await symlink("/etc/passwd", `${project}/file`);
    for (const path of ["etc", "etc/ssh", "inner", "inner/deep", "src/deep/out", "file"])
      expect([path, await problemOf(host.prepareParts(request([{ path: `${project}/${path}`, target: "/data" }])))]).toEqual([path, "WORKSPACE_UNSAFE"]);
  });

  it("are no socket, pipe or device", async ({ expect }) => {
    const server = createServer().listen(`${project}/s`);
    execFileSync("mkfifo", [`${project}/f`]);
    for (const name of ["s", "f"]) expect(await problemOf(host.prepareParts(request([{ path: `${project}/${name}`, target: "/data" }])))).toMatch(/^WORKSPACE_/);
    server.close();
  });

  it("have the sandbox's own protected paths when they may be written", async ({ expect }) => {
    const { mounts } = await host.prepareParts(request([{ target: "/w", readonly: false }]));
    const readonly = mounts.filter((mount) => mount.kind === "bind" && mount.readonly).map(({ target }) => target);
    expect(readonly).toContain("/w/.git/hooks");
    expect(readonly).toContain("/w/.git/config");
    expect(mounts.find(({ target }) => target === "/w")).toMatchObject({ readonly: false });
    expect(mounts.every(({ target }) => target === "/w" || target.startsWith("/w/"))).toBe(true);
  });

  it.for([".git/hooks", ".git/config"])("cannot open a protected path by naming it: %s", async (path, { expect }) => {
    const { mounts } = await host.prepareParts(request([{ path: `${project}/${path}`, target: "/data", readonly: false }]));
    expect(mounts.filter((mount) => mount.kind === "bind" && !mount.readonly)).toEqual([]);
  });

  it("cannot open what is protected by naming a directory in between", async ({ expect }) => {
    const { mounts } = await host.prepareParts(request([{ path: `${project}/.git`, target: "/git", readonly: false }]));
    expect(mounts.filter((mount) => mount.kind === "bind" && mount.readonly).map(({ target }) => target)).toEqual(expect.arrayContaining(["/git/hooks", "/git/config"]));
  });

  it("do not show what is hidden from the agent, and are refused when they are that", async ({ expect }) => {
    await mkdir(`${project}/src/keys`);
    await writeFile(`${project}/src/keys/k`, "secret");
    const hide = ["src/keys"];
    const { mounts } = await host.prepareParts(request([{ path: `${project}/src`, target: "/data" }], { hide }));
    expect(mounts.map(({ target }) => target)).toEqual(["/data", "/data/keys"]);
    expect(mounts[1]).toMatchObject({ readonly: true, source: expect.stringContaining("empty-directory") });
    for (const path of ["src/keys", "src/keys/k"]) expect(await problemOf(host.prepareParts(request([{ path: `${project}/${path}`, target: "/data" }], { hide })))).toBe("WORKSPACE_INVALID");
  });

  it("of a directory that the agent may only read are read-only, whatever was asked", async ({ expect }) => {
    const { mounts } = await host.prepareParts(request([{ path: `${root}/home/other`, target: "/other", readonly: false }], { extra: [{ path: `${root}/home/other`, readonly: true }] }));
    expect(mounts).toEqual([{ kind: "bind", source: `${root}/home/other`, target: "/other", readonly: true }]);
  });

  it("that lie in each other are one where that changes nothing, and refused where it would", async ({ expect }) => {
    const src = `${project}/src`;
    expect((await host.prepareParts(request([{ path: `${src}/deep` }, { path: src }, { path: src }]))).mounts.map(({ target }) => target)).toEqual([src]);
    expect(await problemOf(host.prepareParts(request([{ path: src }, { path: `${src}/deep`, readonly: false }])))).toBe("WORKSPACE_INVALID");
    expect(await problemOf(host.prepareParts(request([{ path: src }, { path: src, target: "/data" }])))).toBe("WORKSPACE_INVALID");
  });

  it("are checked by what the container really sees, at its own places", async ({ expect }) => {
    const wanted = request([{ path: `${project}/src`, target: "/data" }]);
    await host.prepareParts(wanted);
    expect(await problemOf(host.verifyParts(wanted, statOf(`${project}/src`, "/data")))).toBe("none");
    for (const seen of ["", statOf(`${root}/home/other`, "/data"), statOf(`${project}/src`)]) expect(await problemOf(host.verifyParts(wanted, seen))).toBe("WORKSPACE_UNSAFE");
    // An agent that puts another directory in the place after it was looked at.
    await rename(`${project}/src`, `${project}/moved`);
    await symlink("/etc", `${project}/src`);
    expect(await problemOf(host.verifyParts(wanted, statOf("/etc", "/data")))).toBe("WORKSPACE_UNSAFE");
  });

  it("are copies where the container is asked nothing before it runs and nothing can be mounted, and nothing that is written", async ({ expect }) => {
    const wanted = (part: Partial<WorkspacePart>, sandbox: Partial<WorkspaceRequest> = {}) => ({ ...request([part], sandbox), isVerified: false });
    const { mounts } = await host.prepareParts(wanted({ path: `${project}/src`, target: "/data" }, { hide: ["src/deep"] }));
    expect(mounts[0]).toMatchObject({ target: "/data", readonly: true });
    const sources = mounts.map((mount) => (mount.kind === "bind" ? mount.source : ""));
    for (const source of sources) expect(source.startsWith(`${root}/state/servers/`)).toBe(true);
    expect(await readFile(`${sources[0] ?? ""}/a.ts`, "utf8")).toBe("a");
    for (const part of [
      { path: `${project}/src`, readonly: false },
      { path: project, readonly: false },
    ])
      expect(await problemOf(host.prepareParts(wanted(part)))).toBe("WORKSPACE_UNSAFE");
    await writeFile(`${project}/src/large`, Buffer.alloc(65 << 20));
    expect(await problemOf(host.prepareParts(wanted({ path: `${project}/src` })))).toBe("WORKSPACE_INVALID");
  });

  it("leave nothing in the workspace when they are released, and nothing of the sandbox's is taken", async ({ expect }) => {
    const before = await readdir(project);
    const own = await host.prepare(request([]).sandbox);
    const wanted = request([{ readonly: false }]);
    await host.prepareParts(wanted);
    await host.releaseParts(wanted);
    expect(await readdir(project)).toEqual(expect.arrayContaining([".claude"]));
    expect(own.protected.length).toBeGreaterThan(0);
    await host.release(request([]).sandbox);
    expect(await readdir(project)).toEqual(before);
  });

  it("are never anything outside of the workspace, whatever path is asked for", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom("..", ".", "", "src", "deep", "etc", "other", "a.ts", ".git"), { maxLength: 5 }), async (segments) => {
        const path = [project, ...segments].join("/");
        const prepared = await host.prepareParts(request([{ path, target: "/data" }])).catch((error: unknown) => {
          if (AppError.is(error)) return undefined;
          throw error;
        });
        for (const mount of prepared?.mounts ?? []) if (mount.kind === "bind") expect(mount.source === project || mount.source.startsWith(`${project}/`)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
