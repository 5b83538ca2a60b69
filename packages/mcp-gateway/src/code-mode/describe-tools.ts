import { type FunctionName, nameFunctions } from "./function-names.ts";
import { plainText } from "./plain-text.ts";
import { typeFromSchema } from "./schema-type.ts";
import type { CodeModeTool } from "./tool-arguments.ts";

const MOST_DESCRIPTION = 2000;
const MOST_BLOCK = 8000;
/** All blocks together; a description of this size is some 15,000 tokens. */
const MOST_TEXT = 60_000;

const INSTRUCTIONS = `Run a script in JavaScript that calls the functions below, and get what it returns. Use it to combine several calls, and to pass on only the part of their results that matters.

- The script is the body of a function: end it with \`return\`. A string is returned as it is, anything else as JSON.
- A function takes one object and gives the text of the tool's result. It throws when the tool fails. The call waits; \`await\` is not needed.
- \`await Promise.all([name.start({…}), other.start({…})])\` makes calls at the same time: \`start\` gives a promise.
- \`tools["name"]\` is the same function, for names that are no identifiers.
- \`console.log\` and its kind are shown after the result. There are no modules, files, network or timers. Nothing is kept between scripts.`;

/** Describe a tool that runs scripts over these tools: what a script may do, and one block for each function. */
export function describeTools(tools: readonly CodeModeTool[]): string {
  const names = new Map(nameFunctions(tools).map((name) => [name.name, name]));
  const blocks: string[] = [];
  const left: string[] = [];
  let length = INSTRUCTIONS.length;
  for (const tool of tools) {
    const name = names.get(tool.name);
    // A second tool of the same name is never called.
    if (name === undefined) continue;
    names.delete(tool.name);
    const block = describeFunction(tool, name);
    if (length + block.length > MOST_TEXT) left.push(quoted(tool.name));
    else {
      blocks.push(block);
      length += block.length;
    }
  }
  if (left.length > 0) blocks.push(plainText(`Not described here, for want of room: ${left.join(", ")}`, MOST_DESCRIPTION));
  return [INSTRUCTIONS, ...blocks].join("\n\n");
}

function describeFunction(tool: CodeModeTool, { name, identifier }: FunctionName): string {
  const call = identifier ?? `tools[${quoted(name)}]`;
  // A line of a description must not pass for the head of a block.
  const description = plainText(tool.description ?? "", MOST_DESCRIPTION)
    .replaceAll(/={3,}/g, "==")
    .trim();
  const signature = `${call}(args: ${typeFromSchema(tool.inputSchema)}): string`;
  const short = signature.length > MOST_BLOCK ? `${call}(args: object): string` : signature;
  return [`===== ${plainText(name, 128)} =====`, ...(description === "" ? [] : [description]), short].join("\n\n");
}

const quoted = (name: string): string => JSON.stringify(plainText(name, 128));
