import type { RpcMessage } from "../jsonrpc/message.ts";

/** What a connection to a server gets from the way its messages travel. */
export interface TransportEvents {
  readonly onMessage: (message: RpcMessage) => void;
  /** Something that could be no message, or was too large; `head` is how it began. */
  readonly onRefused: (why: string, head: string) => void;
  /** Called once; nothing comes after it. */
  readonly onClosed: (reason: Error) => void;
}

/** A way to a server and back. */
export interface Transport extends AsyncDisposable {
  /** Never throws; what cannot be sent ends the transport, or comes back as an error that answers the request. */
  send(message: RpcMessage): void;
  /** Told once, when both sides have agreed on a revision. */
  agreed(version: string): void;
  /** The last lines that the server wrote beside the protocol, for whoever has to mend it. */
  log(): string;
  /** Where the server sees a directory of the caller's, if it sees any. */
  readonly rootSeenAs?: ((uri: string) => string | undefined) | undefined;
}

/** Opens a transport; what happens on it from then on goes to `events`. */
export type OpenTransport = (events: TransportEvents, signal: AbortSignal) => Promise<Transport>;
