// Runs inside a sandbox as a text for Node: sends what it is told, byte for byte, and prints what came back.
import { request } from "node:http";

/** One request; `$SESSION` in it stands for the session that an earlier answer began. */
export interface Step {
  readonly method?: string;
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface StepAnswer {
  readonly status: number;
  readonly session: string | undefined;
  readonly text: string;
}

let session = "none";

function step({ method = "POST", host = "mcp.sbx.internal", port = 80, path = "/mcp", headers = {}, body }: Step): Promise<StepAnswer> {
  const known = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace("$SESSION", session)]));
  return new Promise((resolve) => {
    const sent = request(
      {
        host,
        port,
        method,
        path,
        agent: false,
        timeout: 60_000,
        headers: { accept: "application/json, text/event-stream", ...(body === undefined ? {} : { "content-type": "application/json" }), ...known },
      },
      (response) => {
        const began = response.headers["mcp-session-id"];
        if (typeof began === "string") session = began;
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("close", () => resolve({ status: response.statusCode ?? 0, session: typeof began === "string" ? began : undefined, text }));
      },
    );
    sent.on("timeout", () => sent.destroy(new Error("no answer")));
    sent.on("error", (error) => resolve({ status: 0, session: undefined, text: String(error) }));
    sent.end(body);
  });
}

const all: StepAnswer[] = [];
for (const one of JSON.parse(process.argv.at(-1) ?? "[]") as readonly Step[]) all.push(await step(one));
process.stdout.write(JSON.stringify(all));
