import { connect } from "node:net";
import { isNobodyThere, socketError } from "./socket-error.ts";

/** Whether a process accepts connections on a socket. Rejects when it cannot be told, for example without permission. */
export async function isListening(socketPath: string): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => {
      if (isNobodyThere(error)) resolve(false);
      else reject(socketError(error));
    });
  });
}
