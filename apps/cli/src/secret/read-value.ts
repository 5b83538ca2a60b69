import { AppError } from "@sbx/contracts/app-error";
import { MAX_SECRET_LENGTH } from "@sbx/contracts/secret";
import type { Context } from "../context.ts";
import { readHidden } from "./read-hidden.ts";

/** A secret's value, from a hidden prompt or from stdin, without the line end behind it. @throws AppError `USAGE` */
export async function readValue(context: Context, name: string): Promise<string> {
  const value = (await read(context, name)).replace(/\r?\n$/, "");
  if (value === "") throw new AppError("USAGE", { message: "There is no value: stdin was empty", fix: "Send the value to stdin, or type it at the prompt." });
  return value;
}

async function read(context: Context, name: string): Promise<string> {
  const kind = context.io.stdinKind();
  if (kind === "terminal") return await readHidden(context, `value of ${name} (not shown): `);
  if (kind === "nothing") throw new AppError("USAGE", { message: "There is nothing on stdin, and no terminal to ask", fix: "Send the value to stdin: sbx secret set NAME < FILE" });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of context.io.stdin() as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_SECRET_LENGTH) throw new AppError("USAGE", { message: `The value is longer than ${MAX_SECRET_LENGTH} bytes`, fix: "Send the key alone." });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
