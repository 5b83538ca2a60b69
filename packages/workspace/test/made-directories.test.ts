import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "vitest";
import { MadeDirectories } from "../src/made-directories.ts";
import { openAbsolute } from "../src/open-place.ts";

it("makes nothing, and does not fail, where the place was taken away after it was opened", async ({ expect, onTestFinished }) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "sbx-made-")));
  onTestFinished(() => {
    rmSync(root, { recursive: true, force: true });
  });
  mkdirSync(join(root, "work/.git"), { recursive: true });
  const place = openAbsolute(join(root, "work/.git"));
  if (typeof place === "string") throw new Error(place);
  using opened = place;
  rmSync(join(root, "work"), { recursive: true });
  await new MadeDirectories(join(root, "state")).hold("sbx_aaaaaaaa", { base: { path: join(root, "work/.git"), place: opened, readonly: false, swap: undefined }, path: "hooks" });
  expect(existsSync(join(root, "work"))).toBe(false);
});
