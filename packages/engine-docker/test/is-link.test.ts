import type Docker from "dockerode";
import { describe, it } from "vitest";
import { isLink } from "../src/is-link.ts";

/** A container whose engine answers so about any path. */
function container(header: string | undefined): Docker.Container {
  const answer = { headers: header === undefined ? {} : { "x-docker-container-path-stat": header }, resume: () => undefined };
  return { infoArchive: () => Promise.resolve(answer) } as unknown as Docker.Container;
}

const stat = (mode: unknown): string => Buffer.from(JSON.stringify({ name: "x", size: 1, mode, mtime: "", linkTarget: "" })).toString("base64");

describe("isLink", () => {
  it("tells links from directories, also those with other bits", async ({ expect }) => {
    expect(await isLink(container(stat(0o777 + 2 ** 27)), "/x")).toBe(true);
    expect(await isLink(container(stat(0o755 + 2 ** 31)), "/x")).toBe(false);
    expect(await isLink(container(stat(0o755 + 2 ** 31 + 2 ** 20)), "/x")).toBe(false);
    expect(await isLink(container(stat(0o644)), "/x")).toBe(false);
  });

  it("is false where nothing is", async ({ expect }) => {
    const none = { infoArchive: () => Promise.reject(Object.assign(new Error("no such path"), { statusCode: 404 })) } as unknown as Docker.Container;
    expect(await isLink(none, "/x")).toBe(false);
  });

  it.for([undefined, "", "%", stat("x"), stat(-1)])("does not guess when the engine says %j", async (header, { expect }) => {
    await expect(isLink(container(header), "/x")).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  });
});
