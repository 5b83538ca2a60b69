import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import type { EngineId } from "@sbx/core";
import { probeContainer, type ProbingEngine } from "./probe-container.ts";

/** What a container of an engine sees of a directory of this machine. */
export interface Seen {
  readonly files: boolean;
  readonly sockets: boolean;
}

/** Prints the word that was written beside it, and sends it to the socket. */
const QUESTION = "cat /probe/word; nc -N -U -w 5 /probe/sock < /probe/word; true";
const SENT_BYTES = 64;

/**
 * Ask a container of an engine whether it sees a file of this machine, and reaches a socket of it.
 *
 * Both are known from what arrives: a word that nobody can guess comes back from the container, and through the socket. An
 * engine in a virtual machine may well show files and not pass connections on.
 */
export async function probeEngine({
  engine,
  image,
  directory,
  labels,
}: {
  readonly engine: ProbingEngine;
  /** An image with a shell and netcat. */
  readonly image: EngineId;
  readonly directory: string;
  readonly labels: Readonly<Record<string, string>>;
}): Promise<Seen> {
  const place = await mkdtemp(path.join(directory, "probe-"));
  const word = randomBytes(16).toString("hex");
  const heard = new Set<string>();
  const server = createServer((socket) => {
    let text = "";
    socket.on("error", () => undefined);
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text = (text + chunk).slice(0, SENT_BYTES);
      heard.add(text);
    });
  });
  try {
    await writeFile(path.join(place, "word"), word, { mode: 0o444 });
    await listen(server, path.join(place, "sock"));
    // Whoever the container's user is on this machine, it has to get here; nobody else gets through the directory above.
    await Promise.all([chmod(place, 0o755), chmod(path.join(place, "word"), 0o444), chmod(path.join(place, "sock"), 0o666)]);
    await using container = await probeContainer(engine, { image, labels, mounts: [{ kind: "bind", source: place, target: "/probe", readonly: true }] });
    const { stdout } = await container.run(QUESTION);
    return { files: stdout === word, sockets: heard.has(word) };
  } catch (error) {
    // An engine that does not see the directory makes no container with it.
    if (AppError.is(error) && error.code === "ENGINE_FAILED" && error.message.includes(place)) return { files: false, sockets: false };
    throw error;
  } finally {
    server.close();
    await rm(place, { recursive: true, force: true });
  }
}

async function listen(server: Server, socket: string): Promise<void> {
  server.listen(socket);
  await once(server, "listening");
}
