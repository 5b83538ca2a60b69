import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { AppError } from "@sbx/contracts";
import * as z from "zod";

/** A tool as a server describes it. */
export const ListedTool = z.looseObject({ name: z.string(), description: z.string().optional(), inputSchema: z.json() });
export type ListedTool = z.infer<typeof ListedTool>;

/** What a server says of itself when it is started. */
export interface ListedServer {
  readonly info: z.infer<typeof Info>;
  readonly tools: readonly ListedTool[];
}

/** How to start it. It sees these variables and no others. */
export interface ServerStart {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly timeoutMs: number;
}

const Info = z.looseObject({ name: z.string(), version: z.string() });
const Message = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  result: z.unknown().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
});
const Initialized = z.looseObject({ serverInfo: Info });
const Page = z.looseObject({ tools: z.array(ListedTool), nextCursor: z.string().optional() });

const MAX_PAGES = 100;

/**
 * Start a server, ask it over its standard streams for all of its tools, and stop it.
 *
 * Rejects with `SERVER_FAILED` when it ends, answers with an error, or takes longer than it is given; the message has its
 * last lines of standard error.
 */
export async function listTools({ command, env, cwd, timeoutMs }: ServerStart): Promise<ListedServer> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd, env: { ...env }, stdio: ["pipe", "pipe", "pipe"], detached: true });
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => complaints.push(line));
  const waiting = new Map<number, (message: z.infer<typeof Message>) => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = parseMessage(line);
    if (typeof message?.id === "number" && message.method === undefined) waiting.get(message.id)?.(message);
  });
  const send = (message: object): void => void child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  child.stdin.on("error", () => undefined);
  const ended = once(child, "exit").then(([code]) => Promise.reject(failed(`the server ended with ${String(code)}`)));
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(failed(`no answer within ${timeoutMs} ms`)), timeoutMs).unref());
  let last = 0;
  const call = async (method: string, params: object): Promise<unknown> => {
    last += 1;
    const id = last;
    const answered = new Promise<z.infer<typeof Message>>((resolve) => waiting.set(id, resolve));
    send({ id, method, params });
    const { result, error } = await Promise.race([answered, ended, late]);
    if (error !== undefined) throw failed(`${method}: ${error.message}`);
    return result;
  };
  try {
    const { serverInfo } = Initialized.parse(await call("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "sbx-catalog", version: "1" } }));
    send({ method: "notifications/initialized" });
    return { info: serverInfo, tools: await allPages(call) };
  } catch (error) {
    throw failed([error instanceof Error ? error.message : String(error), ...complaints.slice(-10)].join("\n"), error);
  } finally {
    ended.catch(() => undefined);
    late.catch(() => undefined);
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  }
}

async function allPages(call: (method: string, params: object) => Promise<unknown>): Promise<readonly ListedTool[]> {
  const tools: ListedTool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { tools: more, nextCursor } = Page.parse(await call("tools/list", cursor === undefined ? {} : { cursor }));
    tools.push(...more);
    if (nextCursor === undefined) return tools;
    cursor = nextCursor;
  }
  throw failed(`the server's list of tools has more than ${MAX_PAGES} pages`);
}

function failed(message: string, cause?: unknown): AppError {
  return new AppError("SERVER_FAILED", { message, fix: "Start the command by hand and read what it prints.", cause });
}

function parseMessage(line: string): z.infer<typeof Message> | undefined {
  try {
    return Message.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
