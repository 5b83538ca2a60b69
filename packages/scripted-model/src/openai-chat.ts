import { contentText, field, list, textOr, type Conversation } from "./conversation.ts";
import { dataEvents, json, type Dialect } from "./dialect.ts";

/** OpenAI's Chat Completions, which many other providers speak too. */
export const openaiChat: Dialect = {
  name: "openai-chat",
  read: (body) => ({
    model: textOr(field(body, "model"), "scripted"),
    stream: field(body, "stream") === true,
    tools: list(field(body, "tools")).map((tool) => ({ name: textOr(field(field(tool, "function"), "name"), ""), form: "function", schema: field(field(tool, "function"), "parameters") ?? {} })),
    items: list(field(body, "messages")).flatMap(itemOf),
    wantsJson: textOr(field(field(body, "response_format"), "type"), "text").startsWith("json"),
  }),
  write(answer, { model, stream }, figures) {
    const usage = { prompt_tokens: figures.input, completion_tokens: figures.output, total_tokens: figures.input + figures.output };
    const base = { id: `chatcmpl-${figures.id}`, created: 1_700_000_000, model };
    const finish = answer.kind === "call" ? "tool_calls" : "stop";
    const call = answer.kind === "call" ? [{ id: `call_${figures.id}`, type: "function", function: { name: answer.tool.name, arguments: JSON.stringify(answer.input) } }] : [];
    const message = answer.kind === "call" ? { role: "assistant", content: null } : { role: "assistant", content: answer.text };
    if (!stream) return json({ ...base, object: "chat.completion", choices: [{ index: 0, message: { ...message, ...(call.length > 0 ? { tool_calls: call } : {}) }, finish_reason: finish }], usage });
    const chunk = { ...base, object: "chat.completion.chunk" };
    const delta = call.length > 0 ? { ...message, tool_calls: call.map((one) => ({ index: 0, ...one })) } : message;
    return dataEvents(
      [
        { ...chunk, choices: [{ index: 0, delta, finish_reason: null }] },
        { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: finish }] },
        { ...chunk, choices: [], usage },
      ],
      ["[DONE]"],
    );
  },
};

function itemOf(message: unknown): Conversation["items"] {
  const content = contentText(field(message, "content"));
  switch (field(message, "role")) {
    case "user":
      return [{ kind: "user", text: content }];
    case "tool":
      return [{ kind: "result", text: content }];
    case "assistant":
      return list(field(message, "tool_calls")).map((call) => ({ kind: "call", text: textOr(field(field(call, "function"), "name"), "") }));
    default:
      return [];
  }
}
