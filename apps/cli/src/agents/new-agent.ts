import { createInterface } from "node:readline/promises";
import type { AgentView } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";
import { kitOfAnswers } from "./kit-of-answers.ts";
import { checkAgentName, ownAgentsDirectory } from "./own-agents.ts";
import { filesOf, placeKit } from "./place-kit.ts";

/** What the options say; the rest is asked for on a terminal. */
export interface NewAgentOptions {
  readonly package?: string | undefined;
  readonly program?: string | undefined;
  readonly model?: string | undefined;
  readonly keyVariable?: string | undefined;
  readonly urlVariable?: string | undefined;
  readonly urlPath?: string | undefined;
  readonly interactive?: string | undefined;
  readonly headless?: string | undefined;
  readonly allowHost: readonly string[];
  readonly protect: readonly string[];
  readonly force?: true | undefined;
}

/** Write a Kit from what a person says of an agent. @throws AppError `USAGE` for what is missing where nobody can be asked */
export async function newAgent(context: Context, name: string, options: NewAgentOptions): Promise<AgentView> {
  checkAgentName(name);
  const given = context.io.stdinKind() === "terminal" && options.package === undefined ? await ask(context, options) : options;
  if (given.package === undefined) throw new AppError("USAGE", { message: "Which program is the agent?", fix: "Name its npm package with its exact version: --package some-agent@1.2.3" });
  const files = kitOfAnswers({
    name,
    npmPackage: given.package,
    program: given.program ?? plainName(given.package),
    model: given.model,
    keyVariable: given.keyVariable,
    urlVariable: given.urlVariable,
    urlPath: given.urlPath ?? "",
    interactive: wordsOf(given.interactive),
    headless: wordsOf(given.headless),
    allow: given.allowHost,
    protect: given.protect,
  });
  const { client } = await context.daemon.connect();
  return placeKit(filesOf(files), { root: ownAgentsDirectory(context), name, replace: given.force === true, client });
}

/** The last part of a package's name, without its version. */
function plainName(npmPackage: string): string {
  return npmPackage.replace(/^@[^/]*\//, "").replace(/@.*$/, "");
}

function wordsOf(text: string | undefined): readonly string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

const QUESTIONS: readonly (readonly [key: keyof NewAgentOptions, question: string])[] = [
  ["package", "Its npm package with the exact version, as some-agent@1.2.3"],
  ["program", "Its command (empty: as the package)"],
  ["model", "Its model: anthropic, google, openai, qwen (empty: none)"],
  ["keyVariable", "The variable in which it looks for its key, as ANTHROPIC_API_KEY"],
  ["urlVariable", "The variable in which it looks for its provider's address, as ANTHROPIC_BASE_URL"],
  ["urlPath", "What the address ends with, as /v1 (empty: nothing)"],
  ["interactive", "Words with which it asks for no permission on a terminal"],
  ["headless", "Words before a task without a terminal, as: --yes -p"],
];

async function ask({ io }: Context, options: NewAgentOptions): Promise<NewAgentOptions> {
  const lines = createInterface({ input: io.stdin(), output: io.stderr });
  const answers: Partial<Record<keyof NewAgentOptions, string>> = {};
  try {
    for (const [key, question] of QUESTIONS) {
      if (options[key] !== undefined || (isOfModel(key) && (answers.model ?? options.model) === undefined)) continue;
      const answer = (await lines.question(`${question}: `)).trim();
      if (answer !== "") answers[key] = answer;
    }
  } finally {
    lines.close();
  }
  return { ...options, ...answers } as NewAgentOptions;
}

function isOfModel(key: keyof NewAgentOptions): boolean {
  return key === "keyVariable" || key === "urlVariable" || key === "urlPath";
}
