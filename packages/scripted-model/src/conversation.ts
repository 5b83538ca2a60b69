/** A tool that the agent offers: its name, how it is called, and the arguments it takes, as far as the request says. */
export interface OfferedTool {
  readonly name: string;
  /** `custom`: the input is a text, not an object. */
  readonly form: "function" | "custom";
  /** JSON Schema of its arguments, or an empty object. */
  readonly schema: unknown;
}

/** What a request says, in whatever dialect. */
export interface Conversation {
  readonly model: string;
  readonly stream: boolean;
  readonly tools: readonly OfferedTool[];
  /** What the user said, which tools were called (`text` is the name), and what they answered, oldest first. */
  readonly items: readonly { readonly kind: "user" | "call" | "result"; readonly text: string }[];
  /** The answer must be a JSON document. */
  readonly wantsJson: boolean;
}

/** What is answered: a text, or one call of a tool. */
export type Answer = { readonly kind: "text"; readonly text: string } | { readonly kind: "call"; readonly tool: OfferedTool; readonly input: Record<string, unknown> | string };

/** Parts that agents put into the user's turn by themselves. */
const ASIDES = /<(system-reminder|environment_context|user_instructions|INSTRUCTIONS)>[\s\S]*?<\/\1>/g;
const BLOCK = /```(?:(sh|bash|shell)|tool[ \t]+(\S+))[ \t]*\s([\s\S]*?)```/g;
const QUOTED_LINES = 12;
const QUOTED_CHARACTERS = 1200;
/** With which agents that offer many tools have them looked up by name; what it gives is no step of the script. */
const TOOL_SEARCH = "ToolSearch";

/** What the scripted model says to a message that asks for nothing that it can do. */
export const EXPLANATION =
  "I am the scripted model that comes with sbx, not a language model. Put a shell command between ```sh and ``` in your message, or a tool's name and JSON arguments between ```tool NAME and ```, and I will ask the agent to carry them out one after the other and tell you what came of it.";

/** One thing that a message asks for: a shell command, or a call of a tool by the end of its name. */
type Step = { readonly kind: "command"; readonly text: string } | { readonly kind: "tool"; readonly name: string; readonly text: string };

/** Decide what to answer. The same conversation always gets the same answer. */
export function answerOf({ tools, items, wantsJson }: Conversation): Answer {
  if (wantsJson) return text(JSON.stringify({ complexity_reasoning: "a script needs no thought", complexity_score: 1, title: "Scripted task" }));
  const { steps, results, searched } = lastTurn(items);
  const step = steps[results.length];
  if (step === undefined && results.length > 0) return text(report(steps, results));
  if (tools.length === 0) return text(step === undefined ? EXPLANATION : "Scripted task");
  if (step === undefined) return text(EXPLANATION);
  return step.kind === "command" ? shellCall(tools, step.text) : toolCall(tools, step, searched);
}

/** What the user's last message asks for, what came of it so far, and whether a tool was looked up for the next step. */
function lastTurn(items: Conversation["items"]): { readonly steps: readonly Step[]; readonly results: readonly string[]; readonly searched: boolean } {
  const said = items.map(({ kind, text: raw }) => ({ kind, text: raw.replaceAll(ASIDES, "").trim() }));
  const lastUser = said.findLastIndex((item) => item.kind === "user" && item.text !== "");
  const since = said.slice(lastUser + 1).filter(({ kind }) => kind !== "user");
  const isSearch = (index: number): boolean => since[index - 1]?.kind === "call" && since[index - 1]?.text === TOOL_SEARCH;
  const results = since.flatMap((item, index) => (item.kind === "result" && !isSearch(index) ? [item.text] : []));
  return { steps: stepsIn(said[lastUser]?.text ?? ""), results, searched: since.at(-1)?.kind === "result" && isSearch(since.length - 1) };
}

function stepsIn(message: string): readonly Step[] {
  return [...message.matchAll(BLOCK)].flatMap(([, shell, name = "", body = ""]): Step[] => {
    const content = body.trim();
    if (shell !== undefined) return content === "" ? [] : [{ kind: "command", text: content }];
    return [{ kind: "tool", name, text: content === "" ? "{}" : content }];
  });
}

function report(steps: readonly Step[], results: readonly string[]): string {
  const [first] = steps;
  if (steps.length <= 1 && first?.kind !== "tool") return `The command ran. It printed:\n\n${quote(results.at(-1) ?? "")}`;
  return results.map((result, index) => `${titleOf(steps[index])}:\n\n${quote(result)}`).join("\n\n");
}

function titleOf(step: Step | undefined): string {
  return step?.kind === "tool" ? `The tool ${step.name} answered` : "The command printed";
}

function shellCall(tools: readonly OfferedTool[], command: string): Answer {
  const tool = shellTool(tools);
  if (tool === undefined) return text(`I would run a command, but this agent offers no shell tool that I know. It offers: ${namesOf(tools)}.`);
  return { kind: "call", tool, input: tool.form === "custom" ? programFor(command) : argumentsOf(tool, command) };
}

/** Call the tool whose name ends as asked: agents put the server's name before it, each in its own way. */
function toolCall(tools: readonly OfferedTool[], { name, text: json }: { readonly name: string; readonly text: string }, searched: boolean): Answer {
  const wanted = plainName(name);
  const tool = tools.find((one) => plainName(one.name) === wanted || plainName(one.name).endsWith(`_${wanted}`));
  if (tool !== undefined) return { kind: "call", tool, input: objectIn(json) };
  const program = tools.find((one) => one.name === "exec" && one.form === "custom");
  if (program !== undefined) return { kind: "call", tool: program, input: programCalling(name, objectIn(json)) };
  const search = searched ? undefined : tools.find((one) => one.name === TOOL_SEARCH);
  if (search !== undefined) return { kind: "call", tool: search, input: { query: name, max_results: 10 } };
  return text(`I would call the tool ${name}, but this agent does not offer it. It offers: ${namesOf(tools)}.`);
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
}

function namesOf(tools: readonly OfferedTool[]): string {
  return tools.map(({ name }) => name).join(", ");
}

/** Arguments that are no JSON object go as they are, so that the tool itself says what is wrong with them. */
function objectIn(json: string): Record<string, unknown> {
  // Some agents escape what they are told once more.
  for (const text of [json, json.replaceAll(String.raw`\"`, '"')]) {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
    } catch {
      // The next reading, or none.
    }
  }
  return { arguments: json };
}

/** A tool of an agent that has all its tools as functions of JavaScript, found there by the end of its name. */
function programCalling(name: string, input: Record<string, unknown>): string {
  return [
    `const plain = (text) => "_" + text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");`,
    `const name = Object.keys(tools).find((one) => plain(one).endsWith(plain(${JSON.stringify(name)})));`,
    `if (name === undefined) text("there is no tool ${name.replaceAll(/[^\w.-]/g, "")} among " + Object.keys(tools).join(", "));`,
    `else { const result = await tools[name](${JSON.stringify(input)}); text((result.content ?? []).map((part) => part.text ?? "").join(" ") || JSON.stringify(result)); }`,
  ].join("\n");
}

/** For a tool whose input is JavaScript, in which the agent's other tools are functions. */
function programFor(command: string): string {
  return `const result = await tools.exec_command({cmd: ${JSON.stringify(command)}}); text(result.output ?? result)`;
}

function text(value: string): Answer {
  return { kind: "text", text: value };
}

function quote(output: string): string {
  const lines = output.split("\n").slice(0, QUOTED_LINES).join("\n").slice(0, QUOTED_CHARACTERS).trim();
  return lines === "" ? "(nothing)" : lines;
}

/** Names of shell tools, the ones that agents prefer first. */
const SHELL_TOOLS: readonly string[] = ["Bash", "bash", "exec_command", "run_shell_command", "shell_command", "shell", "local_shell", "run_commands", "execute_command", "exec"];

function shellTool(tools: readonly OfferedTool[]): OfferedTool | undefined {
  for (const name of SHELL_TOOLS) {
    const found = tools.find((tool) => tool.name === name && (name === "exec" || tool.form === "function"));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Fill in what the tool's schema asks for; by its name where the schema says nothing. */
function argumentsOf({ name, schema }: OfferedTool, command: string): Record<string, unknown> {
  const properties = field(schema, "properties");
  const has = (key: string): boolean => field(properties, key) !== undefined;
  const described = has("description") ? { description: "Run the command that was asked for" } : {};
  const foreground = has("is_background") ? { is_background: false } : {};
  if (has("cmd") || (!has("command") && name === "exec_command")) return { cmd: command };
  if (has("commands") || (!has("command") && name === "run_commands")) return { commands: [command] };
  const isList = field(field(properties, "command"), "type") === "array";
  return { command: isList ? ["sh", "-c", command] : command, ...described, ...foreground };
}

/** A field of something that came from outside; `undefined` when it is not there. */
export function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? (Object.getOwnPropertyDescriptor(value, key)?.value as unknown) : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

/** The text in a content that is a string, or a list of parts some of which have a text. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  return list(content)
    .map((part) => textOr(field(part, "text"), ""))
    .filter((part) => part !== "")
    .join("\n");
}
