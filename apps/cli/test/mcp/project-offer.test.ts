import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ProjectOffer } from "@sbx/contracts";
import { describe, it, onTestFinished } from "vitest";
import { offerLines } from "../../src/mcp/project-offer.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { runLine } from "../support/run-line.ts";

const SHA = "0123456789ab".padEnd(64, "c");
const OFFER: ProjectOffer = {
  sha256: SHA,
  state: "new",
  servers: [
    { name: "fetch", config: {}, catalog: "builtin" },
    { name: "odd", config: {} },
  ],
  notes: ["a\u001B[31mred\nnote"],
};

function project(files: Readonly<Record<string, string>>): string {
  const at = mkdtempSync(path.join(tmpdir(), "sbx-offer-"));
  onTestFinished(() => {
    rmSync(at, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(at, name)), { recursive: true });
    writeFileSync(path.join(at, name), text);
  }
  return at;
}

function aDaemon(offer: ProjectOffer = OFFER) {
  return createFakeDaemon({
    handlers: { offerProject: async () => await Promise.resolve(offer), decideProject: async () => await Promise.resolve(offer), leaveProject: async () => await Promise.resolve({ left: true }) },
  });
}

const linesOf = async (cwd: string, workspace: string, daemon = aDaemon()) => await offerLines({ cwd }, (await daemon.connect()).client, workspace);

describe("servers that a project offers", () => {
  it("are told of in one line with the commands to look and to use them", async ({ expect }) => {
    const at = project({ ".sbx/mcp.yaml": "x" });
    expect(await linesOf(at, at)).toEqual(["sbx: this project offers MCP servers (fetch, odd): look at them with sbx mcp profile offered; use them with sbx mcp profile activate 0123456789ab"]);
    expect((await linesOf("/", at))[0]).toContain(`sbx mcp profile activate 0123456789ab ${at}`);
    expect((await linesOf(at, at, aDaemon({ ...OFFER, state: "changed" })))[0]).toContain("has changed");
  });

  it("are not told of when somebody decided about them, and a project without a file asks the daemon nothing", async ({ expect }) => {
    const at = project({ "profiles.json": "{}" });
    for (const state of ["active", "declined"] as const) expect(await linesOf(at, at, aDaemon({ ...OFFER, state }))).toEqual([]);
    expect(await linesOf(at, at, aDaemon({ ...OFFER, servers: [] }))).toEqual([]);
    const daemon = aDaemon();
    expect(await linesOf("/", project({}), daemon)).toEqual([]);
    expect(daemon.calls).toEqual([]);
  });

  it("keep nobody from a run, whatever the file is: a link out, a directory, nothing that can be read", async ({ expect }) => {
    const secret = project({ "mcp.yaml": "secret", "profiles.json": "secret" });
    const linked = project({});
    symlinkSync(path.join(secret, "profiles.json"), path.join(linked, "profiles.json"));
    const through = project({});
    symlinkSync(secret, path.join(through, ".sbx"));
    const directory = project({ ".sbx/mcp.yaml/x": "y" });
    for (const at of [linked, through, directory]) {
      const daemon = aDaemon();
      expect(await linesOf(at, at, daemon)).toEqual([]);
      expect(daemon.calls).toEqual([]);
      expect((await runLine(["mcp", "profile", "offered", at], { daemon })).err).toContain("is left as it is");
    }
    const broken = createFakeDaemon();
    expect(await linesOf("/", project({ "profiles.json": "{}" }), broken)).toEqual([]);
  });

  it("are shown whole, clean of control characters, and taken over by the hash that was looked at", async ({ expect }) => {
    const at = project({ ".sbx/mcp.yaml": "the text" });
    const daemon = aDaemon();
    const shown = await runLine(["mcp", "profile", "offered", at], { daemon });
    expect(shown.out).toContain(`.sbx/mcp.yaml of ${at}: not used`);
    expect(shown.out).toContain("left out: ared note");
    expect(shown.out).toContain("Use them: sbx mcp profile activate 0123456789ab");
    await runLine(["mcp", "profile", "activate", "0123456789ab", at], { daemon });
    await runLine(["mcp", "profile", "decline", at], { daemon });
    expect((await runLine(["mcp", "profile", "deactivate", at], { daemon })).out).toContain("have only what is enabled");
    expect(daemon.calls.filter(({ name }) => name === "decideProject").map(({ input }) => input)).toEqual([
      { workspace: at, text: "the text", sha256: "0123456789ab", decision: "activate" },
      { workspace: at, text: "the text", sha256: SHA, decision: "decline" },
    ]);
    for (const hash of ["0123", "../etc", "0123456789AB"]) expect((await runLine(["mcp", "profile", "activate", hash, at], { daemon })).code).toBe(2);
    expect((await runLine(["mcp", "profile", "activate", "0123456789ab", project({})], { daemon })).err).toContain("has no .sbx/mcp.yaml");
  });
});
