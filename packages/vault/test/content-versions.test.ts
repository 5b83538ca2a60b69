import { readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "vitest";
import { seal, unseal } from "../src/sealed-file.ts";
import { aPlace, failure, put, valueOf, type Place } from "./support/place.ts";

const AT = "2026-01-02T03:04:05.000Z";
const SECRETS = [{ name: "shared", value: "the-value", setAt: AT }];
const BINDINGS = [{ secret: "shared", server: "brave", catalog: "built-in", source: "image:mcp/brave", by: "person", boundAt: AT }];
const HOSTS = [{ secret: "shared", host: "api.example.org", boundAt: AT }];

const keyOf = (place: Place): Buffer => Buffer.from(readFileSync(place.keyFile, "utf8").trim(), "hex");
const documentOf = (place: Place): unknown => JSON.parse(unseal(readFileSync(place.file), keyOf(place)));
/** Make a vault that holds this document, as another version of the program could have left it. */
async function write(place: Place, document: unknown): Promise<void> {
  await put(place.open(), "a", "made for its key");
  writeFileSync(place.file, seal(JSON.stringify(document), { key: keyOf(place), place: "file", nonce: Buffer.alloc(12, 7) }));
}

describe("the content of a vault", () => {
  it("of before secrets were bound to hosts is read as it is, and stands in the newer form after the next write", async ({ expect }) => {
    using place = aPlace();
    await write(place, { version: 1, secrets: SECRETS, bindings: BINDINGS });
    const before = readFileSync(place.file);
    const { secrets, bindings, hosts } = await place.open().read();
    expect([[...secrets.keys()], bindings, hosts]).toEqual([["shared"], BINDINGS, []]);
    expect(readFileSync(place.file).equals(before)).toBe(true);
    await place.open().update((content) => ({ ...content, hosts: HOSTS }));
    expect(documentOf(place)).toEqual({ version: 2, secrets: SECRETS, bindings: BINDINGS, hosts: HOSTS });
    expect((await place.open().read()).hosts).toEqual(HOSTS);
    expect(await valueOf(place.open(), "shared")).toBe("the-value");
  });

  it.for([
    ["a newer version", { version: 3, secrets: SECRETS, bindings: BINDINGS, hosts: HOSTS }],
    ["the older version with what came later", { version: 1, secrets: SECRETS, bindings: BINDINGS, hosts: HOSTS }],
    ["this version without its hosts", { version: 2, secrets: SECRETS, bindings: BINDINGS }],
    ["this version with more than it knows", { version: 2, secrets: SECRETS, bindings: BINDINGS, hosts: [{ ...HOSTS[0], header: "authorization" }] }],
    ["no version", { secrets: SECRETS, bindings: BINDINGS, hosts: HOSTS }],
  ] as const)("locks the vault when it is of %s, and nothing is written over it", async ([, document], { expect }) => {
    using place = aPlace();
    await write(place, document);
    const before = readFileSync(place.file);
    for (const error of [await failure(place.open().read()), await failure(put(place.open(), "b", "x"))]) {
      expect([error.code, error.message.includes("another version"), error.message.includes("the-value")]).toEqual(["VAULT_LOCKED", true, false]);
    }
    expect(readFileSync(place.file).equals(before)).toBe(true);
  });
});
