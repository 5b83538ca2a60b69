import fc from "fast-check";
import { describe, it } from "vitest";
import { leftOutOfHome } from "../../src/template/left-out.ts";

const whole = leftOutOfHome({ named: ["."], own: [".claude/settings.json", "seed/file"] });

describe("what a template leaves of a home", () => {
  it.for([
    ".bash_history",
    ".python_history",
    ".lesshst",
    ".ssh",
    ".ssh/id_ed25519",
    ".SSH/id",
    ".gnupg/private-keys-v1.d/x",
    ".aws/credentials",
    ".config/gh/hosts.yml",
    ".docker/config.json",
    ".netrc",
    ".npmrc",
    "src/.npmrc",
    ".git-credentials",
    ".env",
    ".env.local",
    ".cache/x",
    ".npm/_cacache/y",
    ".bashrc",
    ".profile",
    ".bash_profile",
    ".zshenv",
    ".gitconfig",
    ".config/git/hooks/pre-commit",
    "clone/.git/hooks/post-checkout",
    "clone/.git/config",
    ".config/systemd/user/x.service",
    ".claude.json",
    ".claude/projects/x",
    ".config/opencode/opencode.json",
    "seed/file",
    "keys/id_rsa",
    "a.tfstate",
  ])("is %s", (path, { expect }) => {
    expect(whole(path)).toBe(true);
  });

  it.for([".local/share/pnpm/store", "go/bin/gopls", ".rustup/toolchains/x", ".cargo/bin/cargo", "project/main.py", ".pyenv/versions/3", "clone/.git/HEAD", "bashrc"])(
    "is not %s",
    (path, { expect }) => {
      expect(whole(path)).toBe(false);
    },
  );

  it("depends on the content where only that tells", ({ expect }) => {
    const asked = whole("tls/server.pem");
    const says = typeof asked === "function" ? asked : () => "not asked";
    expect([says("-----BEGIN PRIVATE KEY-----\nx"), says("-----BEGIN CERTIFICATE-----\nx")]).toEqual([true, false]);
  });

  it("is taken where it is named itself, and nothing beside it", ({ expect }) => {
    const named = leftOutOfHome({ named: [".ssh", "src"], own: [] });
    expect([named(".ssh"), named(".ssh/id_rsa"), named(".sshx/id_rsa"), named(".gnupg"), named("src/.npmrc"), named("src/id_rsa")]).toEqual([false, false, true, true, true, true]);
  });

  it("never takes more for a wider name than for the whole home", ({ expect }) => {
    fc.assert(
      fc.property(fc.constantFrom(".config", "src", ".local", "."), fc.constantFrom(".config/gh", ".config/git/config", "src/id_rsa", ".local/state/x", ".bash_history"), (name, path) => {
        expect(leftOutOfHome({ named: [name], own: [] })(path)).toBe(true);
      }),
    );
  });
});
