import { readFile } from "node:fs/promises";
import path from "node:path";
import { PassThrough } from "node:stream";
import { buildProgram, type Context } from "sbx";
import { describe, test } from "vitest";
import * as z from "zod";
import { npmScript, sbxArguments, shownCommands } from "../src/document-commands.ts";
import { trackedFiles } from "../src/tracked-files.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const DOCUMENTS = (await trackedFiles(ROOT)).filter((file) => /^(?:[A-Z]+\.md|docs\/.*\.md)$/.test(file.path));
const COMMANDS = shownCommands(DOCUMENTS);
const unreachable = (): never => {
  throw new Error("a command that is only parsed reaches for the world");
};

/** A world that a command line may be parsed in, and nothing else. */
function parsingContext(print: (text: string) => void): Context {
  return {
    io: {
      out: print,
      err: print,
      stdin: unreachable,
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      stdinKind: () => "nothing",
      isTerminal: { stdout: false, stderr: false },
      colour: { stdout: false, stderr: false },
      size: () => undefined,
      onResize: unreachable,
      setRaw: unreachable,
    },
    env: {},
    cwd: "/",
    home: "/",
    version: "0",
    daemon: { paths: { stateDirectory: "/", socket: "/", log: "/" }, connect: unreachable, find: unreachable, stop: unreachable },
    onSignal: unreachable,
    now: () => 0,
    sleep: unreachable,
  };
}

type Program = Awaited<ReturnType<typeof buildProgram>>;

function keepFromActing(command: Program): void {
  // A command with arguments of its own beside its further words acts, too.
  if (command.commands.length === 0 || command.registeredArguments.length > 0) command.action(() => undefined);
  for (const child of command.commands) keepFromActing(child);
}

/** What the command line says against these words; empty when it takes them. */
async function complaint(words: readonly string[]): Promise<string> {
  let printed = "";
  const program = await buildProgram(
    parsingContext((text) => {
      printed += text;
    }),
    () => undefined,
  );
  keepFromActing(program);
  try {
    await program.parseAsync(words, { from: "user" });
    return "";
  } catch (error) {
    return printed === "" ? String(error) : printed;
  }
}

describe("commands in documents", () => {
  const shown = COMMANDS.flatMap((command) => {
    const words = sbxArguments(command);
    return words === undefined ? [] : [{ place: command.place, words }];
  });

  test.for(shown)("the command line takes what $place shows: sbx $words", async ({ words }, { expect }) => {
    expect(await complaint(words)).toBe("");
  });

  test("the command line refuses what it does not know, so that the others mean something", async ({ expect }) => {
    expect(await complaint(["frobnicate"])).toContain("unknown command");
    expect(await complaint(["rm", "--no-such-option", "x"])).toContain("unknown option");
    expect(await complaint(["policy", "allow"])).toContain("missing required argument");
  });

  test("the first screen of the README has the two commands and the two that follow", ({ expect }) => {
    const first = COMMANDS.filter(({ place }) => /^README\.md:(?:\d|1\d|2[0-4])$/.test(place)).map(({ words }) => words.join(" "));
    expect(first).toEqual(["npm run quickstart", "npm test", "npx sbx run claude", "npx sbx doctor"]);
  });

  test("every npm script that is shown exists", async ({ expect }) => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8")));
    const missing = COMMANDS.map(npmScript).filter((name) => name !== undefined && !(name in scripts));
    expect(missing).toEqual([]);
  });

  test("words are cut as a shell does, without comments, redirections and pipes", ({ expect }) => {
    const text = '```sh\nsbx run codex -p "fix the build"  # why\nsbx secret set openai < key.txt\nsbx ls | wc\n# nothing\n```\nsbx not in a block\n';
    expect(shownCommands([{ path: "X.md", text }]).map(({ words }) => words)).toEqual([
      ["sbx", "run", "codex", "-p", "fix the build"],
      ["sbx", "secret", "set", "openai"],
      ["sbx", "ls"],
    ]);
  });
});
