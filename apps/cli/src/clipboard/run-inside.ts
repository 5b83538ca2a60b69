import { PassThrough } from "node:stream";
import { HeldPieces } from "@sbx/contracts/held-pieces";
import { SessionDrive } from "@sbx/core/client";
import type { Connection } from "../context.ts";

const CHUNK = 256 * 1024;

/** What a script in a sandbox is given, and how much of what it says is read, in bytes. */
interface Inside {
  readonly sandbox: string;
  readonly script: string;
  readonly input?: Uint8Array;
  readonly most: number;
}

/** Run a script as the sandbox's user. Whatever it says, the sandbox said it. Rejects as the daemon does. */
export async function runInside({ client, attach }: Connection, { sandbox, script, input, most }: Inside): Promise<{ readonly code: number; readonly output: Buffer }> {
  const session = await client.openSession({ sandbox, kind: "exec", mode: "streams", args: ["/bin/sh", "-c", script], stdin: input !== undefined });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const kept = new HeldPieces();
  stdout.on("data", (piece: Buffer) => {
    if (kept.length < most) kept.push(piece.subarray(0, most - kept.length));
  });
  stderr.resume();
  const drive = new SessionDrive(await attach(session.id, new AbortController().signal), { stdout, stderr });
  if (input !== undefined) drive.sendStdin(PassThrough.from(chunksOf(input)));
  const end = await drive.end;
  if (end.kind === "problem") throw end.error;
  return { code: end.kind === "exit" ? end.code : 1, output: kept.take() };
}

function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}
