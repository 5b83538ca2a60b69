import { IncomingMessage } from "node:http";
import type Docker from "dockerode";

/**
 * Ask the engine to answer when a container does not run any more. Resolves with that answer.
 *
 * The client library's own call waits for ever when the engine dies in the middle: it answers the header at once, and
 * nobody listens for a body that breaks off.
 *
 * @throws what the client library throws, and the connection's error when it breaks
 */
export async function waitForEnd(docker: Docker, { id, signal }: { readonly id: string; readonly signal: AbortSignal }): Promise<void> {
  const body = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { path: `/containers/${id}/wait?`, method: "POST", isStream: true, abortSignal: signal, statusCodes: { 200: true, 404: "no such container", 500: "server error" } };
    docker.modem.dial(options, (error, answer) => {
      if (answer instanceof IncomingMessage) resolve(answer);
      else reject(error ?? new Error("the engine did not answer with a stream"));
    });
  });
  for await (const _chunk of body) signal.throwIfAborted();
}
