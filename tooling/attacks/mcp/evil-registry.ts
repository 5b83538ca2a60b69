import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack, type Header } from "tar-stream";

/** A file of a package, with whatever name and kind. */
export type EvilFile = Partial<Header> & { readonly name: string; readonly content?: string };

/** A package as a registry would have it: its manifest, and files with whatever names and kinds. */
export interface EvilPackage {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly files: readonly EvilFile[];
}

/** An npm registry on this machine's loopback that says what it likes. */
export interface EvilRegistry extends AsyncDisposable {
  readonly port: number;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** What it says next; the tarball's hash is told as it is, unless `integrity` says another. */
  serve(name: string, version: string, what: EvilPackage, integrity?: string): Promise<void>;
}

export async function startEvilRegistry(): Promise<EvilRegistry> {
  const answers = new Map<string, Buffer>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/");
    asked.push(path);
    const found = answers.get(path);
    response.writeHead(found === undefined ? 404 : 200, { "content-type": path.endsWith(".tgz") ? "application/octet-stream" : "application/json" });
    response.end(found ?? "{}");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const { port } = address;
  return {
    port,
    asked,
    async serve(name, version, { manifest, files }, integrity) {
      const tar = pack();
      const all: readonly EvilFile[] = [{ name: "package/package.json", content: JSON.stringify({ name, version, ...manifest }) }, ...files];
      for (const { content = "", ...headers } of all) tar.entry({ ...headers }, headers.type === undefined || headers.type === "file" ? content : "");
      tar.finalize();
      const tgz = gzipSync(await buffer(tar));
      const tarball = `/${name}-${version}.tgz`;
      answers.set(tarball, tgz);
      const dist = {
        tarball: `http://host.docker.internal:${port}${tarball}`,
        integrity: integrity ?? `sha512-${createHash("sha512").update(tgz).digest("base64")}`,
        shasum: createHash("sha1").update(tgz).digest("hex"),
      };
      answers.set(`/${name}`, Buffer.from(JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: { name, version, ...manifest, dist } } })));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
