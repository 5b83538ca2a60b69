import { contentText, field, list, textOr, type Answer, type Conversation, type OfferedTool } from "./conversation.ts";
import { json, namedEvents, type Dialect, type Figures } from "./dialect.ts";

/** OpenAI's Responses, with functions and with custom tools whose input is a program text. */
export const openaiResponses: Dialect = {
  name: "openai-responses",
  read(body) {
    const input = field(body, "input");
    const entries = typeof input === "string" ? [{ type: "message", role: "user", content: input }] : list(input);
    const offered = [...list(field(body, "tools")), ...entries.filter((entry) => field(entry, "type") === "additional_tools").flatMap((entry) => list(field(entry, "tools")))];
    return {
      model: textOr(field(body, "model"), "scripted"),
      stream: field(body, "stream") === true,
      tools: offered.flatMap(toolsOf),
      items: entries.flatMap(itemOf),
      wantsJson: textOr(field(field(field(body, "text"), "format"), "type"), "text").startsWith("json"),
    };
  },
  write(answer, conversation, figures) {
    const item = itemFor(answer, figures);
    const usage = {
      input_tokens: figures.input,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: figures.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: figures.input + figures.output,
    };
    const response = { id: `resp_${figures.id}`, object: "response", model: conversation.model };
    const completed = { ...response, status: "completed", output: [item], usage };
    if (!conversation.stream) return json(completed);
    return namedEvents(
      [
        { type: "response.created", response: { ...response, status: "in_progress", output: [] } },
        { type: "response.output_item.added", output_index: 0, item },
        ...deltasOf(answer, item),
        { type: "response.output_item.done", output_index: 0, item },
        { type: "response.completed", response: completed },
      ].map((event, index) => ({ ...event, sequence_number: index })),
    );
  },
};

function toolsOf(tool: unknown): readonly OfferedTool[] {
  const type = field(tool, "type");
  if (type === "namespace") return list(field(tool, "tools")).flatMap(toolsOf);
  const name = textOr(field(tool, "name"), "");
  return name === "" ? [] : [{ name, form: type === "custom" ? "custom" : "function", schema: field(tool, "parameters") ?? {} }];
}

function itemOf(entry: unknown): Conversation["items"] {
  const type = textOr(field(entry, "type"), "message");
  if (type.endsWith("_call_output")) return [{ kind: "result", text: contentText(field(entry, "output")) }];
  if (type === "function_call" || type === "custom_tool_call") return [{ kind: "call", text: textOr(field(entry, "name"), "") }];
  return type === "message" && field(entry, "role") === "user" ? [{ kind: "user", text: contentText(field(entry, "content")) }] : [];
}

/** A part of the answer: a type, and the fields that belong to it. */
type Part = { readonly type: string } & Readonly<Record<string, unknown>>;
type Item = Part & { readonly id: string };

function itemFor(answer: Answer, { id }: Figures): Item {
  if (answer.kind === "text") return { type: "message", id: `msg_${id}`, role: "assistant", status: "completed", content: [{ type: "output_text", text: answer.text, annotations: [] }] };
  const call = { call_id: `call_${id}`, name: answer.tool.name, status: "completed" };
  if (typeof answer.input === "string") return { type: "custom_tool_call", id: `ctc_${id}`, ...call, input: answer.input };
  return { type: "function_call", id: `fc_${id}`, ...call, arguments: JSON.stringify(answer.input) };
}

/** Clients that build the answer from its parts need a text's deltas; those that read whole items pass over them. */
function deltasOf(answer: Answer, { id }: Item): readonly Part[] {
  if (answer.kind !== "text") return [];
  const place = { item_id: id, output_index: 0, content_index: 0 };
  return [
    { type: "response.content_part.added", ...place, part: { type: "output_text", text: "", annotations: [] } },
    { type: "response.output_text.delta", ...place, delta: answer.text },
    { type: "response.output_text.done", ...place, text: answer.text },
    { type: "response.content_part.done", ...place, part: { type: "output_text", text: answer.text, annotations: [] } },
  ];
}
