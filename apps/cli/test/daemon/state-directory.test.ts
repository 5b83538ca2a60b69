import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { checkStateDirectory } from "@sbx/core/client";
import { describe, it } from "vitest";

const SBX = fileURLToPath(new URL("../../bin/sbx.mjs", import.meta.url));
const isRoot = process.getuid?.() === 0;

function aDirectory(mode: number): { readonly directory: string } & Disposable {
  const root = mkdtempSync(path.join(tmpdir(), "sbx-state-"));
  const directory = path.join(root, "state");
  mkdirSync(directory);
  chmodSync(directory, mode);
  return {
    directory,
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true });
    },
  };
}

/** What a whole command says that would start a daemon. */
async function ls(directory: string): Promise<{ readonly code: unknown; readonly stderr: string }> {
  const env = { ...process.env, SBX_STATE_DIR: directory };
  return promisify(execFile)(process.execPath, [SBX, "ls"], { env }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    (error: unknown) => error as { readonly code: unknown; readonly stderr: string },
  );
}

describe("a state directory", () => {
  it.for([0o777, 0o1777, 0o770, 0o722, 0o720, 0o702])("in which others may write (mode %o) is refused, and nothing is written there", async (mode, { expect }) => {
    using place = aDirectory(mode);
    await expect(checkStateDirectory(place.directory)).rejects.toMatchObject({ code: "CONFIG_INVALID", message: `Others may write in the state directory "${place.directory}"` });
    expect(readdirSync(place.directory)).toEqual([]);
  });

  it.for([0o700, 0o750, 0o755])("of one's own (mode %o) is taken, and so is one that is not there yet", async (mode, { expect }) => {
    using place = aDirectory(mode);
    await expect(checkStateDirectory(place.directory)).resolves.toBeUndefined();
    await expect(checkStateDirectory(path.join(place.directory, "later"))).resolves.toBeUndefined();
  });

  it("that others may write in is refused by the whole command, which starts no daemon over it", async ({ expect }) => {
    using place = aDirectory(0o777);
    const { code, stderr } = await ls(place.directory);
    expect([code, stderr]).toEqual([125, expect.stringContaining("CONFIG_INVALID")]);
    expect(readdirSync(place.directory)).toEqual([]);
  });

  it.skipIf(!isRoot)(`that belongs to another user is refused, also through a link${isRoot ? "" : " (skipped: giving a directory away takes root)"}`, async ({ expect }) => {
    using place = aDirectory(0o700);
    chownSync(place.directory, 1234, 1234);
    const link = `${place.directory}-link`;
    symlinkSync(place.directory, link);
    for (const directory of [place.directory, link]) {
      const { code, stderr } = await ls(directory);
      expect([code, stderr]).toEqual([125, expect.stringContaining("belongs to another user (uid 1234)")]);
    }
    expect(readdirSync(place.directory)).toEqual([]);
  });
});
