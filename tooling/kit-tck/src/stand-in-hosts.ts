import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import path from "node:path";
import { hostNames, whyNoHostNames } from "../../e2e/src/host-names.ts";
import { keepOnce } from "../../e2e/src/keep-once.ts";
import { needProgram } from "../../e2e/src/run-program.ts";
import { SUITE_HOSTS } from "./suite-hosts.ts";

const PAGE = "<!doctype html><html><head><title>Example Domain</title></head><body><h1>Example Domain</h1></body></html>\n";

/** Servers of this machine that answer as the suite's hosts do, until disposed of. */
export interface StandInHosts extends AsyncDisposable {
  readonly names: readonly string[];
  /** Addresses with ports that a person has to open for the servers: they are on this machine. */
  readonly addresses: readonly string[];
  /** File with the authority that vouches for them, and those that this machine has in addition already. */
  readonly authorities: string;
}

/** Why no stand-ins can be had; `undefined` when they can. */
export const whyNoStandIns: () => string | undefined = whyNoHostNames;

/** Answer for the suite's hosts on this machine, over HTTP and HTTPS. `directory` is for a file of authorities. */
export async function serveHosts(directory: string, extraAuthorities: string | undefined): Promise<StandInHosts> {
  await using scope = new AsyncDisposableStack();
  const certified = await certificate();
  const authorities = path.join(directory, "authorities.pem");
  await mkdir(directory, { recursive: true });
  await writeFile(authorities, [certified.cert, extraAuthorities === undefined ? "" : await readFile(extraAuthorities, "utf8")].join("\n"));
  for (const [name, address] of Object.entries(SUITE_HOSTS)) {
    const answer: Parameters<typeof createServer>[1] = (request, response) => {
      const isPage = request.url === "/" && (request.method === "GET" || request.method === "HEAD");
      response.writeHead(isPage ? 200 : 404, { "content-type": "text/html", server: name }).end(request.method === "HEAD" ? undefined : isPage ? PAGE : "not found\n");
    };
    scope.use(await listening(createServer(answer), address, 80));
    scope.use(await listening(createSecureServer(certified, answer), address, 443));
  }
  scope.use(hostNames(SUITE_HOSTS));
  const whole = scope.move();
  return {
    names: Object.keys(SUITE_HOSTS),
    addresses: Object.values(SUITE_HOSTS).flatMap((address) => [`${address}:80`, `${address}:443`]),
    authorities,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** Kept for all runs, so that the image that trusts it is made once. */
async function certificate(): Promise<{ readonly key: string; readonly cert: string }> {
  const names = Object.keys(SUITE_HOSTS).map((name) => `DNS:${name}`);
  const kept = await keepOnce("kit-tck-hosts", names.join(), async (directory) => {
    const subject = ["-subj", "/CN=stand-ins of the Kit suite", "-addext", `subjectAltName=${names.join(",")}`];
    await needProgram("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", ...subject, "-keyout", "key.pem", "-out", "cert.pem"], {
      cwd: directory,
    });
  });
  return { key: await readFile(path.join(kept, "key.pem"), "utf8"), cert: await readFile(path.join(kept, "cert.pem"), "utf8") };
}

async function listening(server: Server, address: string, port: number): Promise<AsyncDisposable> {
  server.listen(port, address);
  await once(server, "listening");
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
