import fc from "fast-check";
import { describe, it } from "vitest";
import { askedAddresses } from "../../src/open/asked-addresses.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { daemonWithSession } from "../support/fake-session.ts";
import { runLine } from "../support/run-line.ts";

describe("addresses that a sandbox asks for", () => {
  it("are web addresses alone, the newest five, each once", ({ expect }) => {
    const all = Array.from({ length: 8 }, (_, at) => `https://example.org/${at}`);
    expect(askedAddresses([...all, "https://example.org/7", ""].join("\n"))).toEqual(all.slice(-5));
  });

  it.for([
    "file:///etc/passwd",
    "javascript:alert(1)",
    "vscode://x",
    "ssh://h",
    "-a Calculator",
    "https://bank.example.org@evil.example.org/",
    "https://u:p@example.org/",
    "http://",
    "",
    `https://example.org/${"a".repeat(2048)}`,
    "data:text/html,x",
    "--help",
  ])("are never %s", (line, { expect }) => {
    expect(askedAddresses(line)).toEqual([]);
  });

  it("have no character that drives a terminal, and say which host they are of", ({ expect }) => {
    expect(askedAddresses("https://example.org/\u001B]0;x\u0007?q=\u202Eevil")).toEqual(["https://example.org/%1B]0;x%07?q=%E2%80%AEevil"]);
    expect(askedAddresses("https://b\u0430nk.example.org/")).toEqual(["https://xn--bnk-6cd.example.org/"]);
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string(), (url, more) => {
        for (const address of askedAddresses(url + more)) expect(address).toMatch(/^https?:\/\/[\x21-\x7e]+$/);
      }),
    );
  });

  it("are not opened where nobody can say yes", async ({ expect }) => {
    const daemon = createFakeDaemon(
      daemonWithSession({
        act: (peer) => {
          peer.say("stdout", "https://login.example.org/device\n");
          peer.exit(0);
        },
      }),
    );
    const { code, out, err } = await runLine(["open", "app"], { daemon });
    expect({ code, out: out.includes("https://login.example.org/device"), err: err.includes("Nobody has said yes") }).toEqual({ code: 2, out: true, err: true });
  });
});
