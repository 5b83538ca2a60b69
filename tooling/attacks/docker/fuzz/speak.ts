import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What came back: the status of the first answer, 0 for none, and the text after its head. */
export interface Spoken {
  readonly status: number;
  readonly text: string;
}

/** Whoever waits for more gets no more after that. */
const SILENCE_MS = 300;
const STREAM_MS = 30;
const LONGEST_MS = 60_000;

/** Send bytes and read what comes back. `open`: the other side may wait for more, and is told that there is none. */
export async function speak(path: string, bytes: Buffer, { open }: { readonly open: boolean }): Promise<Spoken> {
  const socket = connect({ path, allowHalfOpen: true });
  const pieces: Buffer[] = [];
  socket.on("error", () => undefined);
  socket.on("data", (piece) => void pieces.push(piece));
  socket.once("end", () => socket.destroy());
  socket.write(bytes);
  const closed = once(socket, "close");
  if (open) void hurry(socket, pieces);
  const longest = setTimeout(() => socket.destroy(), LONGEST_MS);
  await closed;
  clearTimeout(longest);
  return spokenOf(Buffer.concat(pieces).toString("utf8"));
}

async function hurry(socket: ReturnType<typeof connect>, pieces: readonly Buffer[]): Promise<void> {
  await Promise.race([once(socket, "data"), sleep(SILENCE_MS, undefined, { ref: false })]).catch(() => undefined);
  if (pieces.length === 0) {
    socket.end();
    await sleep(SILENCE_MS, undefined, { ref: false });
  }
  await sleep(STREAM_MS, undefined, { ref: false });
  socket.destroy();
}

function spokenOf(all: string): Spoken {
  const answer = all.replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, "");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1] ?? 0);
  const end = answer.indexOf("\r\n\r\n");
  return { status, text: end === -1 ? "" : answer.slice(end + 4) };
}
