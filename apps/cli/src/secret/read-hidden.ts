import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";

const CTRL_C = 3;
const CTRL_D = 4;
const CTRL_U = 21;
const BACKSPACE = new Set([8, 127]);
const ENTER = new Set([10, 13]);

/** Ask at the terminal without echo. The prompt goes to stderr; the terminal is cooked again whatever happens. */
export async function readHidden({ io }: Context, prompt: string): Promise<string> {
  // First without echo, then the question: a quick answer must not be shown either.
  io.setRaw(true);
  io.err(prompt);
  const input = io.stdin();
  let typed: number[] = [];
  try {
    return await new Promise<string>((resolve, reject) => {
      input.on("data", (chunk: Uint8Array) => {
        for (const byte of chunk) {
          if (ENTER.has(byte) || byte === CTRL_D) resolve(Buffer.from(typed).toString("utf8"));
          else if (byte === CTRL_C) reject(new AppError("INTERRUPTED", { message: "Interrupted", fix: "Run the command again." }));
          else if (byte === CTRL_U) typed = [];
          else if (BACKSPACE.has(byte)) typed = [...Buffer.from([...Buffer.from(typed).toString("utf8")].slice(0, -1).join(""))];
          else typed.push(byte);
        }
      });
      input.resume().once("end", () => {
        resolve(Buffer.from(typed).toString("utf8"));
      });
    });
  } finally {
    input.removeAllListeners("data").pause();
    io.setRaw(false);
    io.err("\n");
  }
}
