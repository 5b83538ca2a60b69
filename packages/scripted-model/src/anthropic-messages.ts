import { contentText, field, list, textOr, type Answer, type Conversation } from "./conversation.ts";
import { json, namedEvents, type Dialect, type Figures } from "./dialect.ts";

/** Anthropic's Messages, streamed or whole. */
export const anthropicMessages: Dialect = {
  name: "anthropic-messages",
  read: (body) => ({
    model: textOr(field(body, "model"), "scripted"),
    stream: field(body, "stream") === true,
    tools: list(field(body, "tools")).map((tool) => ({ name: textOr(field(tool, "name"), ""), form: "function", schema: field(tool, "input_schema") ?? {} })),
    items: list(field(body, "messages")).flatMap((message) => (field(message, "role") === "user" ? itemsOf(message) : callsOf(message))),
    wantsJson: false,
  }),
  write(answer, conversation, figures) {
    const block = blockOf(answer, figures);
    const message = { id: `msg_${figures.id}`, type: "message", role: "assistant", model: conversation.model, stop_sequence: null };
    const stopReason = answer.kind === "call" ? "tool_use" : "end_turn";
    const usage = { input_tokens: figures.input, output_tokens: figures.output };
    if (!conversation.stream) return json({ ...message, content: [block.whole], stop_reason: stopReason, usage });
    return namedEvents([
      { type: "message_start", message: { ...message, content: [], stop_reason: null, usage: { input_tokens: figures.input, output_tokens: 1 } } },
      { type: "content_block_start", index: 0, content_block: block.empty },
      { type: "content_block_delta", index: 0, delta: block.delta },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: figures.output } },
      { type: "message_stop" },
    ] as readonly { readonly type: string }[]);
  },
};

/** Texts of one message become one item; every tool result is one of its own. */
function itemsOf(message: unknown): Conversation["items"] {
  const content = field(message, "content");
  if (typeof content === "string") return [{ kind: "user", text: content }];
  const results = list(content)
    .filter((block) => field(block, "type") === "tool_result")
    .map((block) => ({ kind: "result" as const, text: contentText(field(block, "content")) }));
  const said = contentText(list(content).filter((block) => field(block, "type") === "text"));
  return results.length > 0 ? [{ kind: "user", text: "" }, ...results] : [{ kind: "user", text: said }];
}

function callsOf(message: unknown): Conversation["items"] {
  const calls = list(field(message, "content")).filter((block) => field(block, "type") === "tool_use");
  return calls.map((block) => ({ kind: "call", text: textOr(field(block, "name"), "") }));
}

function blockOf(answer: Answer, { id }: Figures): { readonly whole: object; readonly empty: object; readonly delta: object } {
  if (answer.kind === "text") return { whole: { type: "text", text: answer.text }, empty: { type: "text", text: "" }, delta: { type: "text_delta", text: answer.text } };
  const call = { type: "tool_use", id: `toolu_${id}`, name: answer.tool.name };
  return { whole: { ...call, input: answer.input }, empty: { ...call, input: {} }, delta: { type: "input_json_delta", partial_json: JSON.stringify(answer.input) } };
}
