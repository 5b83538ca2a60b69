import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "vitest";
import { GitIdentities } from "../src/git-identity.ts";

/** A home with a git that counts how often it is asked. */
function setup(): { readonly home: string; readonly identities: GitIdentities; readonly asked: () => number } & Disposable {
  const home = mkdtempSync(path.join(tmpdir(), "sbx-git-"));
  mkdirSync(path.join(home, "bin"));
  const count = path.join(home, "count");
  writeFileSync(count, "");
  writeFileSync(path.join(home, "bin", "git"), `#!/bin/sh\nprintf x >> ${count}\nPATH=${process.env["PATH"] ?? ""} exec git "$@"\n`, { mode: 0o755 });
  const identities = new GitIdentities({ HOME: home, PATH: path.join(home, "bin") });
  return { home, identities, asked: () => readFileSync(count, "utf8").length, [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }) };
}

test("git is asked once for both, and again when a file of the person's settings is there, changed or gone", async ({ expect }) => {
  using git = setup();
  const own = path.join(git.home, ".gitconfig");
  expect([await git.identities.read(), await git.identities.read(), git.asked()]).toEqual([{}, {}, 1]);
  writeFileSync(own, "[user]\n\tname = Ann\n\tname = Ada\n[USER]\n\tEmail = ada@example.org\n[alias]\n\tname = no\n");
  expect([await git.identities.read(), await git.identities.read(), git.asked()]).toEqual([{ name: "Ada", email: "ada@example.org" }, { name: "Ada", email: "ada@example.org" }, 2]);
  writeFileSync(own, "[user]\n\tname = Bob\n\temail\n");
  expect([await git.identities.read(), git.asked()]).toEqual([{ name: "Bob" }, 3]);
  rmSync(own);
  mkdirSync(path.join(git.home, ".config", "git"), { recursive: true });
  writeFileSync(path.join(git.home, ".config", "git", "config"), "[user]\n\temail = else@example.org\n");
  expect([await git.identities.read(), git.asked()]).toEqual([{ email: "else@example.org" }, 4]);
});

test("settings that git cannot read say nothing, and are not remembered", async ({ expect }) => {
  using git = setup();
  writeFileSync(path.join(git.home, ".gitconfig"), "[user\n");
  expect([await git.identities.read(), await git.identities.read(), git.asked()]).toEqual([{}, {}, 2]);
});
