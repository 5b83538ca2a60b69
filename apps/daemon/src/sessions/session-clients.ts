import type { Duplex } from "node:stream";
import { AppError, type SessionId } from "@sbx/contracts";
import type { ExecProcess, SessionService, SessionStreams, StreamsOf } from "@sbx/core";
import { attachProcess, refuse } from "./attach-process.ts";
import { StreamsSession } from "./streams-session.ts";

/** The daemon's end of clients' connections to sessions: frames both ways, and the streams that wait for a client. */
export class SessionClients implements SessionStreams {
  readonly #streams = new Map<SessionId, StreamsSession>();

  keep(session: SessionId, process: ExecProcess, of: StreamsOf): void {
    this.#streams.set(session, new StreamsSession(process, of));
  }

  log(session: SessionId): string {
    return this.#streams.get(session)?.log() ?? "";
  }

  drop(session: SessionId): void {
    this.#streams.delete(session);
  }

  /** Give a client its session until the session ends or the client leaves; what is wrong is told to the client. Never rejects. */
  async attach(sessions: SessionService, id: string, connection: Duplex): Promise<void> {
    try {
      const joined = await sessions.join(id);
      const { record } = joined;
      const signal = (name: string): Promise<void> => sessions.signal(record, name);
      if (joined.kind === "streams") this.#streamsOf(record.id).attach(connection, signal);
      else if (connection.destroyed) joined.process.detach();
      else attachProcess(joined.process, { connection, signal, exitCode: () => sessions.exitCodeOf(record) });
    } catch (error) {
      refuse(connection, error);
    }
  }

  #streamsOf(session: SessionId): StreamsSession {
    const streams = this.#streams.get(session);
    if (streams !== undefined) return streams;
    throw new AppError("SESSION_NOT_FOUND", { message: "The session has ended, and its output is not kept any longer", fix: "Open a new one with: sbx run" });
  }
}
