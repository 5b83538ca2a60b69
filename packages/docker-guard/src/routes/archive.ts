import * as z from "zod";
import { refusalOf } from "../engine/engine-refused.ts";
import { engineStream } from "../streams/engine-stream.ts";
import { empty, json } from "../http/answer.ts";
import { Refusal } from "../refusal.ts";
import { gathered } from "../streams/gathered.ts";
import { rebuildTar } from "../streams/rebuild-tar.ts";
import { withMounts } from "../life/with-mounts.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";
import { ContainerPath, Flag } from "./schema/field.ts";

const STAT = "x-docker-container-path-stat";
const Stat = z.object({ name: z.string(), size: z.number(), mode: z.number(), mtime: z.string(), linkTarget: z.string() });
/** What became of a path: 0 changed, 1 added, 2 removed. Null: nothing. */
const Changes = z.array(z.object({ Path: z.string(), Kind: z.int().min(0).max(2) })).nullable();
/** A path in a container; relative ones are from its root. */
const Path = z
  .string()
  .max(4096)
  .transform((path) => (path.startsWith("/") ? path : `/${path}`))
  .pipe(z.string().regex(/^\P{Cc}*$/u, "no control characters"));

/** Write the engine's description of a path anew. */
function statHeader(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { name, size, mode, mtime, linkTarget } = Stat.parse(JSON.parse(Buffer.from(headers[STAT] ?? "", "base64").toString("utf8")));
  return { [STAT]: Buffer.from(JSON.stringify({ name, size, mode, mtime, linkTarget })).toString("base64") };
}

function required(path: string | undefined): string {
  if (path === undefined) throw new Refusal(400, "path is missing");
  return path;
}

/** Files into containers and out of them, as `docker cp` does. */
export const ARCHIVE_ROUTES: readonly GuardRoute[] = [
  route("HEAD containers/{id}/archive", {
    means: "describes a path in it",
    query: queryOf({ path: Path }),
    handle: async ({ guard, param, query: { path } }) => {
      const container = guard.containers.find(param);
      const query = { path: required(path) };
      const answer = await withMounts(guard, container, () => guard.parts.engine.call({ method: "HEAD", path: ["containers", container.id, "archive"], query }));
      if (answer.status !== 200) throw refusalOf(answer, "Could not find the file in the container");
      return { kind: "empty", status: 200, headers: statHeader(answer.headers) };
    },
  }),
  route("GET containers/{id}/archive", {
    means: "gives a path of it as a tar",
    query: queryOf({ path: Path }),
    handle: async ({ guard, param, query: { path }, gone }) => {
      const container = guard.containers.find(param);
      const wanted = { method: "GET", path: ["containers", container.id, "archive"], query: { path: required(path) }, signal: gone } as const;
      const { body, headers } = await withMounts(guard, container, () => engineStream(guard, wanted, "Could not find the file in the container"));
      return { kind: "file", type: "application/x-tar", body, headers: statHeader(headers) };
    },
  }),
  route("GET containers/{id}/export", {
    means: "gives all its own files as a tar: nothing of its mounts",
    handle: async ({ guard, param, gone }) => {
      const { id } = guard.containers.find(param);
      const { body } = await engineStream(guard, { method: "GET", path: ["containers", id, "export"], signal: gone }, "its files could not be read");
      return { kind: "file", type: "application/octet-stream", body };
    },
  }),
  route("GET containers/{id}/changes", {
    means: "lists what is different from its image",
    handle: async ({ guard, param }) => {
      const { id } = guard.containers.find(param);
      using _place = guard.streams.take();
      const answer = await guard.parts.engine.call({ method: "GET", path: ["containers", id, "changes"] });
      if (answer.status !== 200) throw refusalOf(answer, "its changes could not be read");
      return json(Changes.parse(answer.body));
    },
  }),
  route("PUT containers/{id}/archive", {
    means: "puts the files of a tar into it: files, directories and links, without devices, setuid bits and attributes",
    query: queryOf({ path: Path.pipe(ContainerPath), noOverwriteDirNonDir: Flag, copyUIDGID: Flag }),
    body: "file",
    handle: async ({ guard, param, query: { path, noOverwriteDirNonDir = false, copyUIDGID = false }, source }) => {
      const container = guard.containers.find(param);
      // What the body is called differs from client to client; what it is is read.
      if (source.kind !== "plain") throw new Refusal(400, "files come without an upgrade");
      using _place = guard.streams.take();
      const query = { path: required(path), ...(noOverwriteDirNonDir ? { noOverwriteDirNonDir: "true" } : {}), ...(copyUIDGID ? { copyUIDGID: "true" } : {}) };
      const answer = await withMounts(guard, container, async () => {
        const tar = rebuildTar(gathered(source.request));
        const sending = guard.parts.engine.call({ method: "PUT", path: ["containers", container.id, "archive"], query, body: { tar: tar.output } });
        // Of two failures the client's is told: a tar that is none ends the call to the engine, too.
        sending.catch(() => undefined);
        return Promise.race([sending, tar.done.then(() => sending)]);
      });
      if (answer.status !== 200) throw refusalOf(answer, "the files could not be put there");
      return empty(200);
    },
  }),
];
