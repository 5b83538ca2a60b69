import { execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttp, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer as createTcp, type Server, type Socket } from "node:net";
import path from "node:path";
import ssh2 from "ssh2";

export interface Served extends AsyncDisposable {
  /** What reached the server, one line each. */
  readonly seen: string[];
}

/** Listen, and be closed with every connection when disposed of. */
async function listen(server: Server, { host, port, seen }: { readonly host: string; readonly port: number; readonly seen: string[] }): Promise<Served> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, "listening");
  return {
    seen,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** A witness: notes every connection and says nothing. */
export function witness(host: string, port: number): Promise<Served> {
  const seen: string[] = [];
  return listen(
    createTcp((socket) => {
      seen.push(`tcp ${port} from ${socket.remoteAddress ?? "?"}`);
    }),
    { host, port, seen },
  );
}

/** A witness of datagrams. */
export async function udpWitness(host: string, port: number): Promise<Served> {
  const seen: string[] = [];
  const socket = host.includes(":") ? createSocket({ type: "udp6", ipv6Only: true }) : createSocket("udp4");
  socket.on("message", (message) => seen.push(`udp ${port} ${message.toString("latin1")}`)).bind(port, host);
  await once(socket, "listening");
  return {
    seen,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, "close");
    },
  };
}

interface Certified {
  readonly key: string;
  readonly cert: string;
}

/** A certificate of an authority of its own for these names. */
export function certificateFor(directory: string, names: readonly string[]): Certified {
  const [key, cert] = [path.join(directory, "key.pem"), path.join(directory, "ca.pem")];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${names[0] ?? ""}`,
      "-addext",
      `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`,
      "-keyout",
      key,
      "-out",
      cert,
    ],
    { stdio: "ignore" },
  );
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
}

/** Plain HTTP that says which Host it was asked for. */
export function serveHttp(host: string, port: number): Promise<Served> {
  const seen: string[] = [];
  return listen(createHttp(hello(seen)), { host, port, seen });
}

/** HTTPS with the same page, and a git repository under /repository.git. */
export function serveHttps(host: string, { certified, repository }: { readonly certified: Certified; readonly repository: string }): Promise<Served> {
  const seen: string[] = [];
  const page = hello(seen);
  const server = createHttps(certified, (request, response) => {
    if (request.url?.startsWith("/repository.git/") === true) serveGit(repository, request, response);
    else page(request, response);
  });
  server.on("secureConnection", () => seen.push("tls"));
  return listen(server, { host, port: 443, seen });
}

function hello(seen: string[]): RequestListener {
  return (request, response) => {
    seen.push(`${request.method ?? ""} ${request.headers.host ?? ""}${request.url ?? ""}`);
    response.end(`hello from ${request.headers.host ?? ""}\n`);
  };
}

/** Git's own server program behind HTTP, as CGI. */
function serveGit(repository: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://git/");
  const env = {
    PATH: process.env["PATH"] ?? "",
    GIT_PROJECT_ROOT: path.dirname(repository),
    GIT_HTTP_EXPORT_ALL: "1",
    PATH_INFO: url.pathname,
    QUERY_STRING: url.search.slice(1),
    REQUEST_METHOD: request.method ?? "",
    CONTENT_TYPE: request.headers["content-type"] ?? "",
    HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "safe.directory",
    GIT_CONFIG_VALUE_0: "*",
  };
  const child = spawn("git", ["http-backend"], { env, stdio: ["pipe", "pipe", "ignore"] });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout
    .on("data", (chunk: Buffer) => chunks.push(chunk))
    .on("end", () => {
      const answer = Buffer.concat(chunks);
      const end = answer.indexOf("\r\n\r\n");
      const headers = answer
        .subarray(0, end)
        .toString("latin1")
        .split("\r\n")
        .map((line) => line.split(/: */, 2));
      const status = Number(headers.find(([name]) => name === "Status")?.[1]?.slice(0, 3) ?? 200);
      response.writeHead(status, Object.fromEntries(headers.filter(([name]) => name !== "Status").map(([name = "", value = ""]) => [name, value])));
      response.end(answer.subarray(end + 4));
    });
}

/** The beginning of PostgreSQL's protocol: no TLS, anybody may come in, and then it is ready for a question. */
export function serveDatabase(host: string, port: number): Promise<Served> {
  const seen: string[] = [];
  const server = createTcp((socket) => {
    socket.on("data", (data) => {
      const code = data.length >= 8 ? data.readUInt32BE(4) : 0;
      if (code === 80_877_103) {
        seen.push("asked for TLS");
        socket.write("N");
      } else if (code === 196_608) {
        seen.push(`start ${data.subarray(8).toString("latin1").replaceAll("\0", " ").trim()}`);
        socket.write(Buffer.from("5200000008000000005a0000000549", "hex"));
      }
    });
  });
  return listen(server, { host, port, seen });
}

/** An ssh server that lets everybody in and answers every command with a line. */
export function serveSsh(host: string, port: number): Promise<Served> {
  const seen: string[] = [];
  // By Node: one in some hundred Ed25519 keys that ssh2 makes cannot be read by ssh2 again.
  const hostKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "sec1", format: "pem" });
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      context.accept();
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command }) => {
        seen.push(command);
        const stream = acceptExec();
        stream.write(`ran: ${command}\n`);
        stream.exit(5);
        stream.end();
      });
    });
  });
  return listen(server, { host, port, seen });
}
