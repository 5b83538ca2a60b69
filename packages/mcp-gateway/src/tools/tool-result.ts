import { AppError } from "@sbx/contracts";
import type { ToolResult } from "../interceptors/tool-call.ts";
import { isList, isObject, text, type JsonObject } from "../jsonrpc/json.ts";

/** A result of one text. */
export function textResult(said: string): JsonObject {
  return { content: [{ type: "text", text: said }] };
}

/** A failure that the model sees and can act on. */
export function errorResult(said: string): JsonObject {
  return { content: [{ type: "text", text: said }], isError: true };
}

/** An expected failure as a result: what happened, and what to do. */
export function problemResult(error: AppError): JsonObject {
  return errorResult(`Error: ${error.message}\n${error.fix}`);
}

/**
 * Take what a server answers to a call as a result; everything that it has beside its content stays. Servers that leave
 * the content out, because they have structured content, are taken as having none.
 *
 * @throws AppError `SERVER_FAILED` for what is no result
 */
export function readToolResult(result: JsonObject, server: string): ToolResult {
  const { content = [] } = result;
  if (!isList(content) || !content.every((block) => isObject(block) && text(block, "type") !== undefined)) {
    throw new AppError("SERVER_FAILED", { message: `Server '${server}' answered with what is no result of a tool.`, fix: "Use another version of the server." });
  }
  // Each block is an object with a type, as was just seen.
  return { ...result, content } as unknown as ToolResult;
}
