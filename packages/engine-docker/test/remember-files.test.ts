import { describe, it } from "vitest";
import { rememberFiles } from "../src/remember-files.ts";

const IMAGE = `sha256:${"a".repeat(64)}`;

function reader(bytes: (count: number) => Buffer): { readonly read: (image: string, path: string) => Promise<Buffer>; readonly asked: string[] } {
  const asked: string[] = [];
  return { asked, read: rememberFiles((image, path) => Promise.resolve(bytes(asked.push(`${image} ${path}`)))) };
}

describe("remembered files of images", () => {
  it("reads a file of an image once, and each other file and image for itself", async ({ expect }) => {
    const { read, asked } = reader((count) => Buffer.from(`file ${count}`));
    expect(String(await read(IMAGE, "/a"))).toBe("file 1");
    expect(String(await read(IMAGE, "/a"))).toBe("file 1");
    expect(String(await read(IMAGE, "/b"))).toBe("file 2");
    expect(String(await read(IMAGE.replace("a", "b"), "/a"))).toBe("file 3");
    expect(asked).toHaveLength(3);
  });

  it("keeps nothing of an image that is named by a tag, which can come to mean another", async ({ expect }) => {
    const { read } = reader((count) => Buffer.from(`file ${count}`));
    expect(String(await read("some/image:tag", "/a"))).toBe("file 1");
    expect(String(await read("some/image:tag", "/a"))).toBe("file 2");
  });

  it("keeps no large file, and no more than 64", async ({ expect }) => {
    const { read: large, asked: askedLarge } = reader(() => Buffer.alloc(65 * 1024));
    await large(IMAGE, "/a");
    await large(IMAGE, "/a");
    expect(askedLarge).toHaveLength(2);
    const { read, asked } = reader(() => Buffer.from("x"));
    for (let at = 0; at < 65; at += 1) await read(IMAGE, `/${at}`);
    await read(IMAGE, "/64");
    expect(asked).toHaveLength(65);
    await read(IMAGE, "/0");
    expect(asked).toHaveLength(66);
  });

  it("gives each caller bytes of its own", async ({ expect }) => {
    const { read } = reader(() => Buffer.from("abc"));
    (await read(IMAGE, "/a")).fill(0);
    (await read(IMAGE, "/a")).fill(0);
    expect(String(await read(IMAGE, "/a"))).toBe("abc");
  });

  it("remembers no failure", async ({ expect }) => {
    let tries = 0;
    const read = rememberFiles(() => ((tries += 1) === 1 ? Promise.reject(new Error("no answer")) : Promise.resolve(Buffer.from("there"))));
    await expect(read(IMAGE, "/a")).rejects.toThrow("no answer");
    expect(String(await read(IMAGE, "/a"))).toBe("there");
  });
});
