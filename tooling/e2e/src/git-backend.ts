import { spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

/** Answer a request for one of the bare repositories in a directory, by git's own program for that. */
export async function answerGit(directory: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [where = "", query = ""] = (request.url ?? "").split("?");
  const env = {
    ...process.env,
    GIT_PROJECT_ROOT: directory,
    GIT_HTTP_EXPORT_ALL: "1",
    GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    PATH_INFO: where,
    QUERY_STRING: query,
    REQUEST_METHOD: request.method,
    CONTENT_TYPE: request.headers["content-type"] ?? "",
    REMOTE_USER: "ada",
    REMOTE_ADDR: "127.0.0.1",
  };
  const backend = spawn("git", ["http-backend"], { env, stdio: ["pipe", "pipe", "inherit"] });
  request.pipe(backend.stdin);
  const said = await buffer(backend.stdout);
  const end = said.indexOf("\r\n\r\n");
  const headers = Object.fromEntries(
    said
      .subarray(0, end)
      .toString()
      .split("\r\n")
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
  );
  const { Status: status = "200", ...others } = headers;
  response.writeHead(Number.parseInt(status), others).end(said.subarray(end + 4));
}
