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
  /** What the user said and what tools answered, oldest first. */
  readonly items: readonly { readonly kind: "user" | "result"; readonly text: string }[];
  /** The answer must be a JSON document. */
  readonly wantsJson: boolean;
}

/** What is answered: a text, or one call of the agent's shell tool. */
export type Answer = { readonly kind: "text"; readonly text: string } | { readonly kind: "call"; readonly tool: OfferedTool; readonly input: Record<string, unknown> | string };

/** Parts that agents put into the user's turn by themselves. */
const ASIDES = /<(system-reminder|environment_context|user_instructions|INSTRUCTIONS)>[\s\S]*?<\/\1>/g;
const SCRIPT = /```(?:sh|bash|shell)\s+([\s\S]*?)```/g;
const QUOTED_LINES = 12;
const QUOTED_CHARACTERS = 1200;

/** What the scripted model says to a message that asks for no command. */
export const EXPLANATION =
  "I am the scripted model that comes with sbx, not a language model. Put a shell command between ```sh and ``` in your message, and I will ask the agent to run it and tell you what it printed.";

/** Decide what to answer. The same conversation always gets the same answer. */
export function answerOf({ tools, items, wantsJson }: Conversation): Answer {
  if (wantsJson) return text(JSON.stringify({ complexity_reasoning: "a script needs no thought", complexity_score: 1, title: "Scripted task" }));
  const { result, command } = lastTurn(items);
  if (result !== undefined) return text(`The command ran. It printed:\n\n${quote(result)}`);
  if (tools.length === 0) return text(command === undefined ? EXPLANATION : "Scripted task");
  if (command === undefined || command === "") return text(EXPLANATION);
  const tool = shellTool(tools);
  if (tool === undefined) return text(`I would run a command, but this agent offers no shell tool that I know. It offers: ${tools.map(({ name }) => name).join(", ")}.`);
  return { kind: "call", tool, input: tool.form === "custom" ? programFor(command) : argumentsOf(tool, command) };
}

/** The command that the user's last message holds, and what a tool answered since. */
function lastTurn(items: Conversation["items"]): { readonly result: string | undefined; readonly command: string | undefined } {
  const said = items.map(({ kind, text: raw }) => ({ kind, text: raw.replaceAll(ASIDES, "").trim() }));
  const lastUser = said.findLastIndex((item) => item.kind === "user" && item.text !== "");
  const results = said.slice(lastUser + 1).filter(({ kind }) => kind === "result");
  const command = [...(said[lastUser]?.text ?? "").matchAll(SCRIPT)].at(-1)?.[1]?.trim();
  return { result: results.at(-1)?.text, command };
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
