import { closeSync, constants, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "vitest";
import { attachTree, cloneTree, closeDescriptor, fileIdentity, mapTreeIds, O_PATH, openBeneath, unmount } from "@sbx/syscalls";

function aDirectory() {
  const root = mkdtempSync(join(tmpdir(), "sbx-syscalls-"));
  mkdirSync(join(root, "in/deep"), { recursive: true });
  writeFileSync(join(root, "secret"), "outside");
  writeFileSync(join(root, "in/deep/file"), "inside");
  symlinkSync("../secret", join(root, "in/link"));
  symlinkSync("deep", join(root, "in/deep-link"));
  const fd = openSync(join(root, "in"), constants.O_RDONLY | constants.O_DIRECTORY);
  return {
    root,
    fd,
    [Symbol.dispose]() {
      closeSync(fd);
      rmSync(root, { recursive: true });
    },
  };
}

describe("openBeneath", () => {
  it("opens what is inside and tells who it is", ({ expect }) => {
    using directory = aDirectory();
    const fd = openBeneath(directory.fd, "deep/file", { flags: O_PATH });
    const stat = statSync(join(directory.root, "in/deep/file"), { bigint: true });
    expect(fileIdentity(fd)).toMatchObject({ device: stat.dev, inode: stat.ino });
    closeDescriptor(fd);
  });

  it.for([
    ["link", "ELOOP"],
    ["deep-link/file", "ELOOP"],
    ["../secret", "EXDEV"],
    ["/etc/passwd", "EXDEV"],
    ["missing", "ENOENT"],
  ])("refuses %s with %s", ([path = "", code], { expect }) => {
    using directory = aDirectory();
    expect(() => openBeneath(directory.fd, path, { flags: constants.O_RDONLY })).toThrow(expect.objectContaining({ code }));
  });

  it("follows links that stay inside, when asked", ({ expect }) => {
    using directory = aDirectory();
    closeDescriptor(openBeneath(directory.fd, "deep-link/file", { flags: constants.O_RDONLY, followLinks: true }));
    expect(() => openBeneath(directory.fd, "link", { flags: constants.O_RDONLY, followLinks: true })).toThrow(expect.objectContaining({ code: "EXDEV" }));
  });
});

describe.runIf(process.getuid?.() === 0)("mounts (needs root)", () => {
  it("shows a tree elsewhere under other ids", async ({ expect }) => {
    using directory = aDirectory();
    const child = spawn("unshare", ["-U", "sleep", "10"]);
    await once(child, "spawn");
    for (let i = 0; i < 100 && readFileSync(`/proc/${child.pid}/comm`, "utf8").trim() !== "sleep"; i += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const map = "0 1000 1\n1000 0 1\n";
    writeFileSync(`/proc/${child.pid}/uid_map`, map);
    writeFileSync(`/proc/${child.pid}/gid_map`, map);
    const namespace = openSync(`/proc/${child.pid}/ns/user`, "r");
    const target = join(directory.root, "target");
    mkdirSync(target);
    const tree = cloneTree(join(directory.root, "in"));
    try {
      mapTreeIds(tree, namespace);
      attachTree(tree, target);
      expect(statSync(join(target, "deep/file")).uid).toBe(1000);
    } finally {
      closeDescriptor(tree);
      closeSync(namespace);
      child.kill("SIGKILL");
    }
    unmount(target);
    expect(() => unmount(target)).toThrow(expect.objectContaining({ code: "EINVAL" }));
  });
});
