import { contentText, field, list, textOr, type Conversation } from "./conversation.ts";
import { dataEvents, json, type Dialect } from "./dialect.ts";

/** Gemini's generateContent and streamGenerateContent; the model's name stands in the path. */
export const googleGenerate: Dialect = {
  name: "google-generate",
  read: (body, path) => ({
    model: /models\/([^/:]+):/.exec(path)?.[1] ?? "scripted",
    stream: path.includes(":streamGenerateContent"),
    tools: list(field(body, "tools"))
      .flatMap((tool) => list(field(tool, "functionDeclarations")))
      .map((tool) => ({ name: textOr(field(tool, "name"), ""), form: "function", schema: field(tool, "parametersJsonSchema") ?? field(tool, "parameters") ?? {} })),
    items: list(field(body, "contents")).flatMap(itemsOf),
    wantsJson: field(field(body, "generationConfig"), "responseMimeType") === "application/json",
  }),
  write(answer, { model, stream }, figures) {
    const part = answer.kind === "call" ? { functionCall: { name: answer.tool.name, args: answer.input } } : { text: answer.text };
    const reply = {
      candidates: [{ index: 0, content: { role: "model", parts: [part] }, finishReason: "STOP" }],
      usageMetadata: { promptTokenCount: figures.input, candidatesTokenCount: figures.output, totalTokenCount: figures.input + figures.output },
      modelVersion: model,
      responseId: figures.id,
    };
    if (!stream) return json(reply);
    return /[?&]alt=sse\b/.test(figures.path) ? dataEvents([reply]) : json([reply]);
  },
};

function itemsOf(content: unknown): Conversation["items"] {
  const parts = list(field(content, "parts"));
  const results = parts.map((part) => field(part, "functionResponse")).filter((result) => result !== undefined);
  if (results.length > 0) return results.map((result) => ({ kind: "result", text: resultText(field(result, "response")) }));
  if (field(content, "role") !== "model") return [{ kind: "user", text: contentText(parts) }];
  const calls = parts.map((part) => field(part, "functionCall")).filter((call) => call !== undefined);
  return calls.map((call) => ({ kind: "call", text: textOr(field(call, "name"), "") }));
}

function resultText(response: unknown): string {
  return textOr(field(response, "output") ?? field(response, "result"), JSON.stringify(response ?? ""));
}
