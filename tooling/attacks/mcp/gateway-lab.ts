import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openHost, patiently, type Host } from "../../e2e/src/open-host.ts";
import { RawClient, type Answer } from "../../../packages/mcp-gateway/test/support/http-client.ts";
import type { Step, StepAnswer } from "./sandbox-client.ts";

/** A message as it came, looked into as it is. */
// oxlint-disable-next-line typescript/no-explicit-any -- attacks look into what came back
export type Seen = any;

/** What a catalog says of a server beside what makes it one of ours. */
export type EntryMore = Readonly<Record<string, unknown>>;

/** A gateway of `sbx mcp gateway run` that listens. */
export interface RunningGateway extends AsyncDisposable {
  readonly port: number;
  readonly token: string;
  /** What the command said so far. */
  said(): string;
  /** A client that shows the token, with a session of its own unless it is told not to. */
  client(options?: { readonly capabilities?: object; readonly session?: boolean }): Promise<HostClient>;
}

const programOf = (name: string): string => readFileSync(fileURLToPath(new URL(name, import.meta.url)), "utf8");
const EVIL = programOf("evil-server.ts");
const CLIENT = programOf("sandbox-client.ts");
/** Node takes the types away before it runs such a text. */
const RUN_TYPESCRIPT = ["node", "--input-type=module-typescript", "-e"] as const;

/** A client on the host that shows its token with everything. */
export class HostClient extends RawClient {
  readonly #token: string;
  #last = 100;

  constructor(port: number, token: string) {
    super(port);
    this.#token = token;
  }

  override open(ask: Parameters<RawClient["open"]>[0]): ReturnType<RawClient["open"]> {
    return super.open({ ...ask, headers: { authorization: `Bearer ${this.#token}`, ...ask.headers } });
  }

  /** Ask one thing; resolves with the answer, whichever way it was sent. */
  async request(method: string, params: object = {}): Promise<Seen> {
    const id = (this.#last += 1);
    return answerIn(await this.send({ jsonrpc: "2.0", id, method, params }), id);
  }

  /** Call a tool; resolves with the text of its result, or of the error. */
  async tool(name: string, args: object = {}): Promise<string> {
    return textOf(await this.request("tools/call", { name, arguments: args }));
  }

  async toolNames(): Promise<readonly string[]> {
    return (await this.request("tools/list")).result.tools.map(({ name }: { readonly name: string }) => name);
  }
}

/** The answer to a request in what a gateway sent: JSON, or one of a stream's events. */
export function answerIn({ text }: Pick<Answer, "text">, id: unknown): Seen {
  const all: readonly Seen[] = text.startsWith("{") ? [JSON.parse(text)] : messagesIn(text);
  return all.find((message) => message.id === id && message.method === undefined);
}

/** The messages of a stream's text. */
export function messagesIn(text: string): readonly Seen[] {
  return text.split("\n").flatMap((line) => (line.startsWith("data:") && line.length > 6 ? [JSON.parse(line.slice(5))] : []));
}

/** Whether a text would do something to a terminal, or write in another direction than it seems. */
export function movesTerminal(text: string): boolean {
  return /[\p{Cc}\p{Bidi_Control}]/u.test(text.replaceAll(/[\t\r\n]/g, ""));
}

/** What an answer says to a model. */
export function textOf(message: Seen): string {
  return message?.result?.content?.[0]?.text ?? message?.error?.message ?? JSON.stringify(message ?? "no answer");
}

/** A person's machine with a daemon as it is composed for people, and hostile servers in its catalog. */
export class GatewayLab implements AsyncDisposable {
  readonly host: Host;
  readonly #image: string;
  readonly #scope = new AsyncDisposableStack();

  static async make(baseImage: string, env: Readonly<Record<string, string>> = {}): Promise<GatewayLab> {
    const host = openHost(env);
    return new GatewayLab(host, await nameOf(host, baseImage));
  }

  private constructor(host: Host, image: string) {
    this.host = host;
    this.#image = image;
    this.#scope.use(host);
  }

  /** Run `sbx`, which has to work. */
  async sbx(args: readonly string[], options: Parameters<Host["sbx"]>[1] = {}): Promise<string> {
    const { code, stdout, stderr } = await this.host.sbx(args, options);
    if (code !== 0) throw new Error(`sbx ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Run `sbx`, which has to refuse; resolves with what it said. */
  async refused(args: readonly string[], options: Parameters<Host["sbx"]>[1] = {}): Promise<string> {
    const { code, stdout, stderr } = await this.host.sbx(args, options);
    if (code === 0) throw new Error(`sbx ${args.join(" ")} was not refused: ${stdout}`);
    return stderr;
  }

  /** An entry whose server does one attack. */
  entry(name: string, attack = "plain", more: EntryMore = {}): object {
    return { name, description: `Server ${name}`, source: { kind: "image", image: this.#image }, command: [...RUN_TYPESCRIPT, EVIL, attack], ...more };
  }

  /** Take a catalog in. Agents and clients may add what is named. */
  async catalog(name: string, servers: readonly object[], allow: readonly string[] = []): Promise<void> {
    const file = path.join(this.host.home, `${name}.yaml`);
    writeFileSync(file, JSON.stringify({ version: 1, name, title: name, servers }));
    await this.sbx(["mcp", "catalog", "import", file]);
    for (const server of allow) await this.sbx(["mcp", "server", "allow", server]);
  }

  /** Start `sbx mcp gateway run`, which listens until it is disposed of. */
  async gateway(args: readonly string[] = []): Promise<RunningGateway> {
    const port = await freePort();
    const [node, script] = this.host.launcher;
    const child = spawn(node, [script, "mcp", "gateway", "run", "--transport=streaming", `--port=${port}`, ...args], {
      cwd: this.host.home,
      env: { ...this.host.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    if (!(await patiently(60_000, () => said.includes("> Gateway URL") || child.exitCode !== null)) || child.exitCode !== null) throw new Error(`no gateway: ${said}`);
    const token = (await this.sbx(["mcp", "gateway", "token"])).trim();
    const running: RunningGateway = {
      port,
      token,
      said: () => said,
      async client({ capabilities = {}, session = true } = {}) {
        const client = new HostClient(port, token);
        if (session) await client.initialize({ capabilities });
        return client;
      },
      [Symbol.asyncDispose]: () => ended(child),
    };
    return this.#scope.use(running);
  }

  /** Make a sandbox without an agent. Give its name to `inside`. */
  async sandbox(name: string): Promise<string> {
    const cwd = await this.host.project(name, 1234);
    await this.sbx(["create", "-q", "--model", "scripted", "--name", name, "shell"], { cwd });
    return cwd;
  }

  /** Send requests from within a sandbox, one after the other. */
  async inside(name: string, steps: readonly Step[]): Promise<readonly StepAnswer[]> {
    return JSON.parse(await this.sbx(["exec", name, ...RUN_TYPESCRIPT, CLIENT, JSON.stringify(steps)])) as readonly StepAnswer[];
  }

  /** Call tools from within a sandbox, in one session of their own; resolves with the text of each answer. */
  async toolsInside(name: string, calls: readonly (readonly [tool: string, args?: object])[]): Promise<readonly string[]> {
    const answers = await this.inside(name, [
      ...BEGIN,
      ...calls.map(([tool, args = {}], at) => message(at + 1, tool === "tools/list" ? tool : "tools/call", tool === "tools/list" ? {} : { name: tool, arguments: args })),
    ]);
    return answers.slice(BEGIN.length).map((answer, at) => textOf(answerIn(answer, at + 1)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope.disposeAsync();
  }
}

/** A name of an image, its maker's where there is one. */
export async function nameOf(host: Host, image: string): Promise<string> {
  return (await host.imageNames(image))[0] ?? image;
}

/** A message in the session that a sandbox's client has begun. */
export function message(id: number | undefined, method: string, params: object = {}): Step {
  return { headers: { "mcp-session-id": "$SESSION" }, body: JSON.stringify({ jsonrpc: "2.0", ...(id === undefined ? {} : { id }), method, params }) };
}

const { headers: _, ...initialize } = message(0, "initialize", {
  protocolVersion: "2025-11-25",
  capabilities: { elicitation: {}, sampling: {}, roots: {} },
  clientInfo: { name: "attacks", version: "1" },
});
/** How a client in a sandbox begins a session. */
export const BEGIN: readonly Step[] = [initialize, message(undefined, "notifications/initialized")];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}
