import { request } from "node:http";

const SOCKET = "/var/run/docker.sock";

/** The socket of the engine that the tests use. */
function socketOf(dockerHost: string | undefined): string {
  return dockerHost?.startsWith("unix://") === true ? dockerHost.slice("unix://".length) : SOCKET;
}

/** Ask the engine itself, past everything that is tested. Gives parsed JSON, or the text when it is none. */
export async function askEngine(method: "GET" | "DELETE", path: string, dockerHost: string | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: socketOf(dockerHost), method, path }, (response) => {
      const chunks: Buffer[] = [];
      response
        .on("data", (chunk: Buffer) => chunks.push(chunk))
        .on("error", reject)
        .on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve(response.headers["content-type"]?.includes("json") === true && text !== "" ? JSON.parse(text) : text);
        });
    });
    asked.on("error", reject).end();
  });
}

/** A query that finds what carries a label. */
export function labelled(label: string): string {
  return `filters=${encodeURIComponent(JSON.stringify({ label: [label] }))}`;
}
