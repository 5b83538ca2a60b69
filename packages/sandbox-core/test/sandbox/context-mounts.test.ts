import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import type { Engine } from "../../src/ports/engine.ts";
import type { SandboxParts } from "../../src/sandbox/sandbox-parts.ts";
import { contextMounts, kitPlaces, skippedContexts } from "../../src/sandbox/context-mounts.ts";
import type { SandboxRecord } from "../../src/sandbox/sandbox-record.ts";

const CONTEXTS = [
  { path: "/srv/AGENTS.md", content: "beside" },
  { path: "/opt/tool/T.md", content: "tool" },
];

/** A record of a workspace with one further directory, files that are written nowhere, and an image with these files. */
function lab(extra: readonly string[], image: Readonly<Record<string, string>> = {}) {
  const written = new Map<string, string>();
  const record = { image: "i", request: { workspace: "/srv/app", extra: extra.map((path) => ({ path, readonly: true })) } } as unknown as SandboxRecord;
  const files = {
    write(_id: string, name: string, content: string) {
      written.set(`/state/${name}`, content);
      return Promise.resolve(`/state/${name}`);
    },
  };
  const engine = {
    readFile(_image: string, path: string) {
      const text = image[path];
      return text === undefined ? Promise.reject(new AppError("ENGINE_FAILED", { message: "none", fix: "none" })) : Promise.resolve(Buffer.from(text));
    },
  };
  return { record, written, mounts: () => contextMounts({ files } as unknown as SandboxParts, engine as unknown as Engine, { record, contexts: CONTEXTS }) };
}

describe("texts for agents outside of the home", () => {
  it("are mounted read-only from the daemon's own files, by a name that tells what is in them", async ({ expect }) => {
    const { mounts, written } = lab([]);
    const made = await mounts();
    expect(made).toMatchObject(CONTEXTS.map(({ path }) => ({ kind: "bind", target: path, readonly: true })));
    expect([...written.values()]).toEqual(["beside", "tool"]);
    expect([...written.keys()]).toEqual(made.map((mount) => mount.kind === "bind" && mount.source));
    expect(await lab([], { "/opt/tool/T.md": "other" }).mounts()).not.toEqual(made);
  });

  it("come after what the image has there", async ({ expect }) => {
    const { mounts, written } = lab([], { "/opt/tool/T.md": "of the image\n" });
    await mounts();
    expect([...written.values()]).toEqual(["beside", "of the image\n\ntool"]);
  });

  it.for([["/srv"], ["/opt", "/srv"]])("are not put into a directory of the person's: %j", async (extra, { expect }) => {
    const { mounts, record } = lab(extra);
    const left = CONTEXTS.filter(({ path }) => !extra.some((one) => path.startsWith(`${one}/`)));
    expect((await mounts()).map(({ target }) => target)).toEqual(left.map(({ path }) => path));
    expect(skippedContexts(CONTEXTS, record.request)).toHaveLength(CONTEXTS.length - left.length);
    expect(kitPlaces(record, { contexts: () => CONTEXTS })).toEqual(left.map(({ path }) => path));
  });
});
