import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { networkInterfaces } from "node:os";

/** Listeners on every address of the host that count what reaches them. */
export interface Witness extends AsyncDisposable {
  readonly port: number;
  readonly abstractName: string;
  /** IPv4 addresses of the host, loopback included. */
  readonly addresses: readonly string[];
  /** Connections and datagrams since the start. */
  readonly seen: () => number;
}

/** Listen, and see with the host's own attempts that the listeners do work; those are not counted. */
export async function startWitness(): Promise<Witness> {
  await using scope = new AsyncDisposableStack();
  let count = 0;
  const note = () => void (count += 1);
  const tcp = createServer((socket) => {
    note();
    socket.on("error", () => undefined).end("host\n");
  });
  tcp.listen({ port: 0, host: "::", ipv6Only: false });
  await once(tcp, "listening").catch(() => once(tcp.listen(0, "0.0.0.0"), "listening"));
  scope.defer(() => void tcp.close());
  const address = tcp.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const udp = createSocket("udp4").on("message", note).bind(address.port, "0.0.0.0");
  await once(udp, "listening");
  scope.defer(() => void udp.close());
  const abstractName = `sbx-attack-${process.pid}-${address.port}`;
  const abstract = createServer((socket) => {
    note();
    socket.destroy();
  }).listen(`\0${abstractName}`);
  await once(abstract, "listening");
  scope.defer(() => void abstract.close());
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).filter(({ family }) => family === "IPv4").map(({ address: own }) => own));
  for (const own of addresses) await once(connect(address.port, own).resume(), "close");
  if (count !== addresses.length) throw new Error("the witness is blind");
  count = 0;
  const owned = scope.move();
  return { port: address.port, abstractName, addresses, seen: () => count, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
