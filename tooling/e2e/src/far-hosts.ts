import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { connect, type AddressInfo, type Server, type Socket } from "node:net";
import path from "node:path";
import { hostCertificate } from "./host-certificate.ts";

export interface FarRequest {
  readonly host: string;
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
}

/** Hosts that no resolver knows, behind the proxy of a network. */
export interface FarHosts extends AsyncDisposable {
  /** Of the proxy, with name and password. */
  readonly proxy: string;
  /** File with those whom this machine trusts already, and these hosts. */
  readonly authorities: string;
  /** What the proxy was asked for, and with whose name. */
  readonly asked: readonly string[];
  /** What reached the hosts. */
  readonly requests: readonly FarRequest[];
}

/** Answer HTTPS for these names, each request with what it was. Only the proxy leads there. `directory` is for files. */
export async function serveFarHosts(names: readonly string[], directory: string): Promise<FarHosts> {
  const { key, cert } = await hostCertificate(names);
  mkdirSync(directory, { recursive: true });
  const authorities = path.join(directory, "authorities.pem");
  const known = process.env["NODE_EXTRA_CA_CERTS"];
  writeFileSync(authorities, [cert, known === undefined ? "" : readFileSync(known, "utf8")].join("\n"));
  const requests: FarRequest[] = [];
  const asked: string[] = [];
  await using scope = new AsyncDisposableStack();
  const sockets = new Set<Socket>();
  const listen = async (server: Server): Promise<number> => {
    server.on("connection", (socket: Socket) => sockets.add(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    scope.defer(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    });
    return (server.address() as AddressInfo).port;
  };
  const hosts = await listen(
    createHttps({ key, cert }, ({ method = "", url = "", headers }, response) => {
      const request = { host: headers.host ?? "", method, url, authorization: headers.authorization };
      requests.push(request);
      response.end(`${JSON.stringify(request)}\n`);
    }),
  );
  const proxy = createHttp((_, response) => response.writeHead(400).end());
  proxy.on("connect", ({ url = "", headers }, client: Socket) => {
    const [, who = ""] = /^Basic (.*)$/.exec(headers["proxy-authorization"] ?? "") ?? [];
    asked.push(`${url} ${Buffer.from(who, "base64").toString()}`);
    const onward = connect({ host: "127.0.0.1", port: hosts, allowHalfOpen: true });
    for (const socket of [client, onward]) sockets.add(socket.on("error", () => {}));
    onward.once("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(onward).pipe(client);
    });
  });
  const port = await listen(proxy);
  const whole = scope.move();
  return { proxy: `http://person:word@127.0.0.1:${port}`, authorities, asked, requests, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}
