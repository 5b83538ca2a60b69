import * as fc from "fast-check";
import { describe, test } from "vitest";
import { addedProgramSettings, parseGitConfig, programSettings, remotesWithSecrets } from "../../src/workspace/git-config.ts";

describe("parseGitConfig", () => {
  test("reads sections, quoted parts, comments, escapes, joined lines and bare names as git does", ({ expect }) => {
    const text = '[core]\n\tFsMonitor = "a b" ; comment\n\tbare\n[remote "Up.Stream\\"x"]\n\turl = https://x/y # no\n[a "b"] c = d\n[alias]\n\tx = !sh \\\n -c \\"id\\"\n[branch.Main]\nmerge=refs\n';
    expect(parseGitConfig(text)).toEqual([
      { key: "core.fsmonitor", value: "a b" },
      { key: "core.bare", value: "true" },
      { key: 'remote.Up.Stream"x.url', value: "https://x/y" },
      { key: "a.b.c", value: "d" },
      { key: "alias.x", value: '!sh  -c "id"' },
      { key: "branch.main.merge", value: "refs" },
    ]);
  });

  test("never throws, whatever it is given", ({ expect }) => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Array.isArray(parseGitConfig(text))).toBe(true);
      }),
    );
  });
});

describe("programSettings", () => {
  test.for([
    '[hook "x"]\ncommand=x',
    '[tar "tar.xz"]\ncommand=x',
    '[lfs "customtransfer.x"]\npath=x',
    "[imap]\ntunnel=x",
    "[sendemail]\nsmtpServer=x",
    "[core]\nfsmonitor=x",
    "[core]\nhooksPath=x",
    "[CORE]\nsshCommand=x",
    '[filter "a.b"]\nclean=x',
    '[diff "a"]\ncommand=x',
    '[diff "a"]\ntextconv=x',
    "[alias]\na=!x",
    "[credential]\nhelper=x",
    '[credential "https://x"]\nhelper=x',
    "[include]\npath=x",
    '[includeIf "gitdir:/"]\npath=x',
    "[gpg]\nprogram=x",
    '[gpg "ssh"]\nprogram=x',
    '[merge "a"]\ndriver=x',
    '[remote "o"]\nurl=ext::sh -c id',
    "[extensions]\nworktreeConfig=true",
    "[core]\neditor=x",
    "[core]\npager=x",
    "[sequence]\neditor=x",
    '[submodule "a"]\nupdate=!x',
    '[url "x"]\ninsteadOf=y',
    '[remote "o"]\nuploadpack=x',
  ])("finds a program in %j", (text, { expect }) => {
    expect(programSettings(parseGitConfig(text))).toHaveLength(1);
  });

  test.for(["[user]\nname=x", "[alias]\nst=status", '[remote "o"]\nurl=https://example.org/x.git', '[remote "o"]\nurl=git@example.org:x.git', '[branch "m"]\nremote=o', "[core]\nbare=false"])(
    "finds none in %j",
    (text, { expect }) => {
      expect(programSettings(parseGitConfig(text))).toEqual([]);
    },
  );

  test("only what was added or changed counts", ({ expect }) => {
    expect(addedProgramSettings("[core]\nfsmonitor=a\npager=p", "[core]\nfsmonitor=b\npager=p").map(({ key }) => key)).toEqual(["core.fsmonitor"]);
  });
});

test("a remote's password is found and not repeated", ({ expect }) => {
  const found = remotesWithSecrets(
    parseGitConfig(
      '[remote "o"]\nurl=https://me:hunter2@example.org/x\n[remote "p"]\nurl=https://ghp_abc@example.org/x\n[remote "q"]\nurl=https://me@example.org/x\n[remote "r"]\nurl=ssh://git@example.org/x',
    ),
  );
  expect(found).toEqual([
    { key: "remote.o.url", address: "https://…@example.org" },
    { key: "remote.p.url", address: "https://…@example.org" },
  ]);
});
