import { readFileSync } from "node:fs";
import { test } from "vitest";
import * as core from "../../src/index.ts";

const PACKAGE = new URL("../../", import.meta.url);
/** Names of a list of exports, types and values. */
const namesIn = (file: string): readonly string[] =>
  [...readFileSync(new URL(file, PACKAGE), "utf8").matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = ""]) => list.split(",").flatMap((name) => name.replace(/\btype\b/, "").trim() || []));

test("what the SDK gives is public, and documented as one list", ({ expect }) => {
  const sdk = namesIn("src/sdk/index.ts");
  expect(sdk.toSorted()).toEqual([
    "AgentDefinition",
    "CollectOptions",
    "CreateOptions",
    "DefinedAgent",
    "Environment",
    "EventOptions",
    "ExecOptions",
    "ExecResult",
    "Execution",
    "FileAccess",
    "FileEntry",
    "InputSource",
    "PlaceOverrides",
    "PortAccess",
    "ProgressStep",
    "PublishOptions",
    "ReadOptions",
    "RecreateOptions",
    "SandboxHandle",
    "SandboxPolicy",
    "Sbx",
    "TaskOptions",
    "TaskResult",
    "Terminal",
    "TerminalOptions",
    "WorkspaceDiff",
    "createSbx",
    "defineAgent",
    "sbx",
  ]);
  expect(namesIn("src/index.ts")).toEqual(expect.arrayContaining([...sdk]));
});

test("a sandbox's methods are public", ({ expect }) => {
  const methods = (of: { readonly prototype: object }): readonly string[] => Object.getOwnPropertyNames(of.prototype).filter((name) => name !== "constructor");
  expect(Object.keys(core.sbx)).toEqual(["create", "get", "list", "run", "events", "agents", "templates", "removeTemplate", "status"]);
  expect(methods(core.SandboxHandle)).toEqual([
    "exec",
    "runAgent",
    "pty",
    "attach",
    "inspect",
    "sessions",
    "events",
    "record",
    "report",
    "allow",
    "deny",
    "install",
    "save",
    "selection",
    "recreate",
    "start",
    "stop",
    "remove",
  ]);
  expect(methods(core.FileAccess)).toEqual(["read", "readText", "write", "stat", "exists", "list", "makeDirectory", "remove", "copy", "move", "archive", "unpack"]);
  expect(methods(core.PortAccess)).toEqual(["publish", "unpublish", "list"]);
  expect(methods(core.Execution)).toEqual(["stdout", "stderr", "session", "result", "kill"]);
  expect(methods(core.Terminal)).toEqual(["write", "resize", "kill", "leave"]);
});

test("the package leads to its sources, its agents, and to no other path", ({ expect }) => {
  const manifest = JSON.parse(readFileSync(new URL("package.json", PACKAGE), "utf8")) as { readonly publishConfig: { readonly exports: object }; readonly peerDependencies: object };
  expect([Object.keys(manifest.publishConfig.exports), manifest.peerDependencies]).toEqual([[".", "./client", "./daemon", "./agents/*"], { sbxd: "workspace:*" }]);
});
