import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import path from "node:path";
import { answerGit } from "./git-backend.ts";
import { hostCertificate } from "./host-certificate.ts";
import { hostNames } from "./host-names.ts";

export interface EchoedRequest {
  readonly host: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** Hosts of this machine that answer HTTPS, each request with what it was, or those of git's protocol for repositories in a directory. */
export interface SecureEcho extends AsyncDisposable {
  /** Address with port, which a person has to open: it is this machine's. */
  readonly address: string;
  /** File with those whom this machine trusts already, and these hosts. */
  readonly authorities: string;
  readonly asked: readonly EchoedRequest[];
  /** Where the repositories are, bare ones that take pushes from whoever has a credential. */
  readonly repositories: string;
}

/** Answer for these names at an address of the loopback. `directory` is for files. */
export async function serveSecureEcho(names: readonly string[], address: string, directory: string): Promise<SecureEcho> {
  const { key, cert } = await hostCertificate(names);
  const authorities = path.join(directory, "authorities.pem");
  mkdirSync(directory, { recursive: true });
  const known = process.env["NODE_EXTRA_CA_CERTS"];
  writeFileSync(authorities, [cert, known === undefined ? "" : readFileSync(known, "utf8")].join("\n"));
  const asked: EchoedRequest[] = [];
  await using opened = new AsyncDisposableStack();
  opened.use(hostNames(Object.fromEntries(names.map((name) => [name, address]))));
  const repositories = path.join(directory, "repositories");
  mkdirSync(repositories);
  const server = createServer({ key, cert }, (incoming, response) => {
    const { method = "", url = "", headers } = incoming;
    const request = { host: headers.host ?? "", method, url, headers };
    asked.push(request);
    if (existsSync(path.join(repositories, url.split("/")[1] ?? "", "HEAD"))) {
      if (headers.authorization === undefined) response.writeHead(401, { "www-authenticate": "Basic" }).end();
      else void answerGit(repositories, incoming, response);
      return;
    }
    response.writeHead(200, { "content-type": "application/json", "x-seen": String(headers.authorization) }).end(`${JSON.stringify(request)}\n`);
  }).listen(443, address);
  await once(server, "listening");
  opened.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const whole = opened.move();
  return { address: `${address}:443`, authorities, asked, repositories, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}
