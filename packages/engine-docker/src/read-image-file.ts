import { posix } from "node:path";
import { Readable } from "node:stream";
import type { EngineId } from "@sbx/core";
import type Docker from "dockerode";
import { extract } from "tar-stream";
import { ask, engineFailed } from "./docker-error.ts";

/** Largest file that is read out of an image. */
const FILE_BYTES = 64 * 1024 * 1024;
const LINKS = 8;

type Found = { readonly kind: "file"; readonly bytes: Buffer } | { readonly kind: "link"; readonly target: string };

/**
 * Read one file of an image through a container that is never started, following at most eight links.
 *
 * `labels` mark that container for the case that this process dies before it is removed.
 */
export async function readImageFile({
  docker,
  image,
  path,
  labels,
}: {
  readonly docker: Docker;
  readonly image: EngineId;
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
}): Promise<Buffer> {
  const doing = `read ${path} of an image`;
  const container = await ask(doing, async () =>
    docker.createContainer({ Image: image, Entrypoint: ["/"], Cmd: [], Labels: { ...labels, "dev.sbx.role": "probe" }, HostConfig: { NetworkMode: "none" } }),
  );
  try {
    let at = path;
    for (let links = 0; links <= LINKS; links += 1) {
      const found = await ask(doing, async () => firstEntry(Readable.from(await container.getArchive({ path: at })), doing));
      if (found.kind === "file") return found.bytes;
      at = posix.resolve(posix.dirname(at), found.target);
    }
    throw engineFailed(doing, "too many links");
  } finally {
    await ask("remove a container", async () => {
      await container.remove({ force: true, v: true });
    });
  }
}

async function firstEntry(archive: Readable, doing: string): Promise<Found> {
  const tar = extract();
  archive.on("error", (error) => {
    tar.destroy(error);
  });
  archive.pipe(tar);
  try {
    for await (const entry of tar) {
      const { type, linkname, size } = entry.header;
      if (type === "symlink" && typeof linkname === "string") return { kind: "link", target: linkname };
      if (type !== "file") throw engineFailed(doing, "it is not a file");
      if ((size ?? 0) > FILE_BYTES) throw engineFailed(doing, "it is too large");
      const chunks: Buffer[] = [];
      for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
      return { kind: "file", bytes: Buffer.concat(chunks) };
    }
    throw engineFailed(doing, "the archive is empty");
  } finally {
    archive.destroy();
    tar.destroy();
  }
}
