import type { Answer, Conversation } from "./conversation.ts";

/** What a dialect writes into an answer beside what is said; the counts of tokens are never zero. */
export interface Figures {
  readonly input: number;
  readonly output: number;
  /** Stands for this answer in ids. */
  readonly id: string;
  /** Path and query of the request. */
  readonly path: string;
}

export interface Written {
  readonly contentType: string;
  /** Written and flushed one after the other. */
  readonly chunks: readonly string[];
}

/** One provider's way of asking and answering. */
export interface Dialect {
  readonly name: string;
  read(body: unknown, path: string): Conversation;
  write(answer: Answer, conversation: Conversation, figures: Figures): Written;
}

export function json(value: unknown): Written {
  return { contentType: "application/json", chunks: [JSON.stringify(value)] };
}

/** Events with a name each, as Anthropic and OpenAI's Responses send them. */
export function namedEvents(events: readonly { readonly type: string }[]): Written {
  return { contentType: "text/event-stream", chunks: events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`) };
}

/** Events of data alone. */
export function dataEvents(events: readonly unknown[], end: readonly string[] = []): Written {
  return { contentType: "text/event-stream", chunks: [...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), ...end.map((text) => `data: ${text}\n\n`)] };
}
