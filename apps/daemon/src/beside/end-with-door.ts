import type { Readable } from "node:stream";

/**
 * End a daemon beside its engine when the door to it is gone, however that went: nobody can reach it any more, and the next door starts
 * another. The engine ends the input of a process when whoever started it is not there any more.
 */
export function endWithDoor(input: Readable, shutdown: AbortController): void {
  const end = (): void => {
    shutdown.abort(new Error("the door on the caller's machine is gone"));
  };
  input.once("end", end).once("close", end).once("error", end).resume();
}
