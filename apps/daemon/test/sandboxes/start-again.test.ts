import { lstatSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { describe, it } from "vitest";
import { openSandboxLab, type SandboxLab } from "./lab.ts";

const never = new AbortController().signal;

/** A sandbox that was started and stopped, with the id of its workload. */
async function stopped(lab: SandboxLab) {
  const { live } = await lab.create();
  const { id } = live.record;
  await lab.service.stop(id);
  return { id, workload: live.record.workload, files: path.join(lab.root, "sandboxes", id, "files") };
}

describe("a sandbox that was stopped", () => {
  it("has the same containers when it starts again", async ({ expect }) => {
    await using lab = openSandboxLab();
    const { id, workload } = await stopped(lab);
    await lab.service.start(id, { operation: "op", signal: never });
    expect(lab.service.get(id).record.workload).toBe(workload);
  });

  it.for([
    ["all its files", (files: string) => rmSync(files, { recursive: true })],
    ["one of its files", (files: string) => rmSync(path.join(files, "resolv.conf"))],
    [
      "a file, and has a link in its place",
      (files: string) => {
        rmSync(path.join(files, "hosts"));
        symlinkSync("/etc/shadow", path.join(files, "hosts"));
      },
    ],
  ] as const)("and lost %s behind the daemon's back has new containers, with new files", async ([, lose], { expect }) => {
    await using lab = openSandboxLab();
    const { id, workload, files } = await stopped(lab);
    lose(files);
    await lab.service.start(id, { operation: "op", signal: never });
    expect(lab.service.get(id).record.workload).not.toBe(workload);
    for (const name of ["passwd", "group", "hosts", "resolv.conf"]) expect(lstatSync(path.join(files, name)).isFile(), name).toBe(true);
    expect(await lab.active()).toHaveLength(4);
    expect((await lab.engine.list([])).map(({ name }) => name)).toHaveLength(2);
  });
});
