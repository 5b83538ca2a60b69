import { describe, it } from "vitest";
import { shareLookups } from "../../src/wall/share-lookups.ts";

/** A resolver that answers when it is told to, and what was asked of it. */
function slowResolver() {
  const asked: { readonly name: string; readonly answer: PromiseWithResolvers<readonly string[]> }[] = [];
  const resolve = shareLookups(async (name) => {
    const answer = Promise.withResolvers<readonly string[]>();
    asked.push({ name, answer });
    return await answer.promise;
  });
  return { asked, resolve };
}

describe("names that many connections want at once", () => {
  it("are looked up once, and everybody gets the answer", async ({ expect }) => {
    const { asked, resolve } = slowResolver();
    const all = Promise.all(Array.from({ length: 50 }, () => resolve("files.example")));
    expect(asked.map(({ name }) => name)).toEqual(["files.example"]);
    asked[0]?.answer.resolve(["192.0.2.7"]);
    expect(new Set((await all).flat())).toEqual(new Set(["192.0.2.7"]));
  });

  it("are looked up apart when they are different", ({ expect }) => {
    const { asked, resolve } = slowResolver();
    void resolve("one.example");
    void resolve("two.example");
    expect(asked.map(({ name }) => name)).toEqual(["one.example", "two.example"]);
  });

  it("are looked up anew after the answer, so that none outlives its moment", async ({ expect }) => {
    const { asked, resolve } = slowResolver();
    const first = resolve("files.example");
    asked[0]?.answer.resolve(["192.0.2.7"]);
    expect(await first).toEqual(["192.0.2.7"]);
    const second = resolve("files.example");
    asked[1]?.answer.resolve(["192.0.2.8"]);
    expect(await second).toEqual(["192.0.2.8"]);
  });

  it("fail for all who asked, and for nobody who asks later", async ({ expect }) => {
    const { asked, resolve } = slowResolver();
    const failed = Promise.allSettled([resolve("files.example"), resolve("files.example")]);
    asked[0]?.answer.reject(new Error("no answer"));
    expect((await failed).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const later = resolve("files.example");
    asked[1]?.answer.resolve(["192.0.2.7"]);
    expect(await later).toEqual(["192.0.2.7"]);
  });
});
