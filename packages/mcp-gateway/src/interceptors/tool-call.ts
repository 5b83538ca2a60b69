/** One call of a tool, as it passes through the gateway on its way to the server. */
export interface ToolCall {
  readonly server: string;
  /** The tool's own name, without a prefix of ours. */
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly _meta?: Readonly<Record<string, unknown>>;
}

/** One piece of content; which other fields it has depends on its type. */
export interface ContentBlock {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What a tool gave, in the protocol's own form (`CallToolResult`); fields of later revisions are kept. */
export interface ToolResult {
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly isError?: boolean;
  readonly _meta?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** A result of one text that tells a model what went wrong. */
export function failedResult(text: string): ToolResult {
  return { content: [{ type: "text", text }], isError: true };
}
