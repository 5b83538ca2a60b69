import type { Duplex, Readable } from "node:stream";

/**
 * Join a client and a process of the engine's, until either goes. Input is passed on as it is; the end of the client's
 * input is the end of the process's. Slow readers hold back the other side.
 */
export function splice({
  client,
  engine,
  output,
  rest,
  closed,
}: {
  readonly client: Duplex;
  readonly engine: Duplex;
  readonly output: Readable;
  readonly rest: Buffer;
  readonly closed: () => void;
}): void {
  const end = () => {
    engine.destroy();
    client.destroy();
    closed();
  };
  for (const one of new Set<Duplex | Readable>([client, engine, output])) one.on("error", end);
  // It may have gone while the engine was asked: then its end was told already.
  if (client.destroyed) return end();
  if (rest.length > 0) engine.write(rest);
  client.pipe(engine);
  output.pipe(client);
  client.once("close", end);
  engine.once("close", () => {
    // What the process said last is still on its way to the client.
    if (output.readableEnded || output === engine) client.end();
  });
}
