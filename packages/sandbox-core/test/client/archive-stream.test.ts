import { Readable } from "node:stream";
import { describe, it } from "vitest";
import { createArchivePort } from "../../src/client/archive-stream.ts";

const PLACE = { sandbox: "sbx_01k9zzzzzzzzzzzzzzzzzzzzzz", path: "/tmp" };
const NOWHERE = "/nonexistent/sbxd.sock";

describe("files on their way to a sandbox", () => {
  it.for([null, undefined])("fail with a problem where no daemon answers, by a stream whose failure reads as %s", async (errored, { expect }) => {
    const tar = Object.defineProperty(Readable.from([Buffer.alloc(512)]), "errored", { value: errored });
    await expect(createArchivePort(NOWHERE).write(PLACE, tar, new AbortController().signal)).rejects.toMatchObject({ code: "DAEMON_UNREACHABLE" });
  });

  it("fail with what their own stream failed with", async ({ expect }) => {
    const failure = new Error("the disk is gone");
    const tar = Object.defineProperty(Readable.from([Buffer.alloc(512)]), "errored", { value: failure });
    await expect(createArchivePort(NOWHERE).write(PLACE, tar, new AbortController().signal)).rejects.toBe(failure);
  });
});
