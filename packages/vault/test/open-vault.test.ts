import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Secret } from "@sbx/secret-injector";
import fc from "fast-check";
import { describe, it } from "vitest";
import { aPlace, createFakeKeychain, failure, put, valueOf, type FakeKeychain } from "./support/place.ts";

const replaceAll = (keychain: FakeKeychain, value: string): void => {
  for (const name of keychain.entries.keys()) keychain.entries.set(name, value);
};
const MARK = "sk-ant-the-real-thing-0123456789";

describe("the vault", () => {
  it("gives back what was put into it, after any restart, and nothing before", async ({ expect }) => {
    using place = aPlace();
    expect((await place.open().read()).secrets.size).toBe(0);
    expect(existsSync(place.directory)).toBe(false);
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,50}$/), fc.string({ unit: "binary", minLength: 1 }), async (name, value) => {
        await put(place.open(), name, value);
        expect(await valueOf(place.open(), name)).toBe(value);
      }),
      { numRuns: 40 },
    );
    for (const name of ["constructor", "toString", "hasOwnProperty"]) expect(await valueOf(place.open(), name), name).toBeUndefined();
  });

  it("holds no value, name or binding in the open, and is its owner's alone", async ({ expect }) => {
    using place = aPlace();
    const vault = place.open();
    await put(vault, "brave.api_key", MARK);
    await vault.update((content) => ({
      ...content,
      bindings: [{ secret: "brave.api_key", server: "brave-server", catalog: "c", source: "image:x", by: "person", boundAt: "2026-01-02T03:04:05.000Z" }],
    }));
    const bytes = readFileSync(place.file);
    for (const text of [MARK, "brave", "binding"])
      for (const form of [text, Buffer.from(text).toString("base64").slice(0, -2), Buffer.from(text).toString("hex")]) expect(bytes.includes(form), form).toBe(false);
    expect(statSync(place.directory).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(place.directory)) expect(statSync(path.join(place.directory, file)).mode & 0o777, file).toBe(0o600);
    expect(readdirSync(place.directory).toSorted()).toEqual(["vault", "vault.key", "vault.lock"]);
  });

  it("is written with a new nonce each time, though nothing else changed", async ({ expect }) => {
    using place = aPlace();
    const seen = new Set<string>();
    for (let turn = 0; turn < 20; turn += 1) {
      await put(place.open(), "openai", MARK);
      seen.add(readFileSync(place.file).toString("hex", 26, 38));
    }
    expect(seen.size).toBe(20);
  });

  it("is not written when nothing was changed, and not when the change fails", async ({ expect }) => {
    using place = aPlace();
    const vault = place.open();
    await put(vault, "openai", MARK);
    const before = readFileSync(place.file);
    await vault.update((content) => content);
    await expect(
      vault.update(() => {
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(readFileSync(place.file).equals(before)).toBe(true);
  });

  it("holds what it held when it cannot be written, and says why", async ({ expect }) => {
    using place = aPlace();
    await put(place.open(), "a", MARK);
    mkdirSync(`${place.file}.new`);
    const error = await failure(put(place.open(), "a", "other"));
    expect(error.code).toBe("VAULT_LOCKED");
    expect(error.message).toContain("cannot be written: EISDIR");
    expect(await valueOf(place.open(), "a")).toBe(MARK);
    rmSync(`${place.file}.new`, { recursive: true });
    writeFileSync(`${place.file}.new`, "left by a crash", { mode: 0o644 });
    await put(place.open(), "a", "other");
    expect(await valueOf(place.open(), "a")).toBe("other");
    expect(statSync(place.file).mode & 0o777).toBe(0o600);
  });

  it("loses nothing when many write at once, through one vault and through several", async ({ expect }) => {
    using place = aPlace();
    const vaults = [place.open(), place.open(), place.open()];
    await Promise.all(Array.from({ length: 60 }, (_none, index) => put(vaults[index % 3] ?? place.open(), `secret-${index}`, `value-${index}`)));
    const { secrets } = await place.open().read();
    expect([...secrets].map(([name, { secret }]) => `${name}=${secret.reveal()}`).toSorted()).toEqual(Array.from({ length: 60 }, (_none, index) => `secret-${index}=value-${index}`).toSorted());
  });
});

describe("a vault that was tampered with is locked and left as it is:", () => {
  const assertLocked = async (expect: (value: unknown, message?: string) => { toBe(expected: unknown): void }, place: ReturnType<typeof aPlace>, bytes: Uint8Array, what: string): Promise<void> => {
    writeFileSync(place.file, bytes);
    const vault = place.open();
    const read = await failure(vault.read());
    expect(read.code, what).toBe("VAULT_LOCKED");
    const write = await failure(vault.update((content) => ({ ...content, secrets: new Map([["x", { secret: new Secret("y"), setAt: "2026-01-02T03:04:05.000Z" }]]) })));
    expect(write.code, what).toBe("VAULT_LOCKED");
    expect(`${read.message}${read.fix}${JSON.stringify(read)}`.includes(MARK), what).toBe(false);
    expect(readFileSync(place.file).equals(bytes), what).toBe(true);
  };

  it("cut at every byte", async ({ expect }) => {
    using place = aPlace();
    await put(place.open(), "a", MARK);
    const whole = readFileSync(place.file);
    for (let length = 0; length < whole.length; length += 1) await assertLocked(expect, place, whole.subarray(0, length), `cut at ${length}`);
    writeFileSync(place.file, whole);
    expect(await valueOf(place.open(), "a")).toBe(MARK);
  });

  it("with a bit turned in any byte, or bytes added", async ({ expect }) => {
    using place = aPlace();
    await put(place.open(), "a", MARK);
    const whole = readFileSync(place.file);
    for (let at = 0; at < whole.length; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at & 7));
      await assertLocked(expect, place, bytes, `byte ${at}`);
    }
    await assertLocked(expect, place, Buffer.concat([whole, Buffer.from([0])]), "a byte added");
    await assertLocked(expect, place, Buffer.concat([whole, whole]), "twice itself");
    await assertLocked(expect, place, Buffer.from("not a vault at all, but long enough to be taken for one if nobody looked"), "noise");
  });

  it("with its parts put together from two states of itself, so that one secret would go back", async ({ expect }) => {
    using place = aPlace();
    await put(place.open(), "a", "old-value-old-value");
    await put(place.open(), "b", "stays-stays-stays");
    const before = readFileSync(place.file);
    await put(place.open(), "a", "new-value-new-value");
    const after = readFileSync(place.file);
    expect(after.length).toBe(before.length);
    for (let at = 1; at < after.length; at += 3) {
      for (const mixed of [Buffer.concat([before.subarray(0, at), after.subarray(at)]), Buffer.concat([after.subarray(0, at), before.subarray(at)])]) {
        if (mixed.equals(before) || mixed.equals(after)) continue;
        await assertLocked(expect, place, mixed, `mixed at ${at}`);
      }
    }
  });

  it("replaced by a link, a directory, or a file that others may write", async ({ expect }) => {
    using place = aPlace();
    await put(place.open(), "a", MARK);
    renameSync(place.file, `${place.file}.real`);
    symlinkSync(`${place.file}.real`, place.file);
    expect((await failure(place.open().read())).message).toContain("it is a link");
    rmSync(place.file);
    mkdirSync(place.file);
    expect((await failure(place.open().read())).code).toBe("VAULT_LOCKED");
    rmSync(place.file, { recursive: true });
    copyFileSync(`${place.file}.real`, place.file);
    chmodSync(place.file, 0o660);
    const error = await failure(place.open().read());
    expect(error.message).toContain("others may read or write it");
    chmodSync(place.file, 0o600);
    expect(await valueOf(place.open(), "a")).toBe(MARK);
  });
});

describe("the key of a vault", () => {
  it("lies in a file where no keychain answers, and the vault says so", async ({ expect }) => {
    using place = aPlace();
    expect(await place.open().status()).toEqual({ state: "absent", file: place.file });
    await put(place.open(), "a", MARK);
    expect(await place.open().status()).toEqual({ state: "open", file: place.file, key: "file", keyFile: place.keyFile });
    expect(statSync(place.keyFile).mode & 0o777).toBe(0o600);
  });

  it("lies in the keychain where one answers, and nowhere else", async ({ expect }) => {
    using place = aPlace(createFakeKeychain());
    await put(place.open(), "a", MARK);
    expect(await place.open().status()).toEqual({ state: "open", file: place.file, key: "keychain" });
    expect(existsSync(place.keyFile)).toBe(false);
    const [key = ""] = place.keychain.entries.values();
    expect(readFileSync(place.file).includes(Buffer.from(key, "hex"))).toBe(false);
    expect(await valueOf(place.open(), "a")).toBe(MARK);
  });

  it("is asked of the keychain once for many reads, and again before a write", async ({ expect }) => {
    using place = aPlace(createFakeKeychain());
    await put(place.open(), "a", MARK);
    const vault = place.open();
    place.keychain.loads = 0;
    for (let turn = 0; turn < 5; turn += 1) await vault.read();
    expect(place.keychain.loads).toBe(1);
    place.keychain.entries.clear();
    expect((await failure(put(vault, "b", "x"))).code).toBe("VAULT_LOCKED");
  });

  it("goes where its person wants it, also when a keychain answers, or not at all when none does", async ({ expect }) => {
    using inFile = aPlace(createFakeKeychain());
    await put(inFile.open("file"), "a", MARK);
    expect(inFile.keychain.entries.size).toBe(0);
    using none = aPlace();
    const error = await failure(put(none.open("keychain"), "a", MARK));
    expect(error.code).toBe("VAULT_LOCKED");
    expect(error.fix).toContain("SBX_VAULT_KEY=file");
    expect(existsSync(none.file)).toBe(false);
    expect(existsSync(none.keyFile)).toBe(false);
  });

  it("is not one that a keychain forgets at once", async ({ expect }) => {
    const keychain = createFakeKeychain();
    using place = aPlace(Object.assign(keychain, { store: () => Promise.resolve() }));
    await put(place.open(), "a", MARK);
    expect(await place.open().status()).toMatchObject({ state: "open", key: "file" });
  });

  it("that a crash left without its vault is used for it", async ({ expect }) => {
    using place = aPlace();
    await put(place.open(), "a", MARK);
    const key = readFileSync(place.keyFile, "utf8");
    rmSync(place.file);
    await put(place.open(), "b", MARK);
    expect(readFileSync(place.keyFile, "utf8")).toBe(key);
    expect(await valueOf(place.open(), "b")).toBe(MARK);
  });

  it.for([
    ["gone", (file: string) => rmSync(file)],
    ["empty", (file: string) => writeFileSync(file, "")],
    ["cut", (file: string) => writeFileSync(file, readFileSync(file, "utf8").slice(0, 63))],
    ["of another vault", (file: string) => writeFileSync(file, "0".repeat(64))],
    ["with something behind it", (file: string) => writeFileSync(file, `${readFileSync(file, "utf8")}x`)],
    ["readable by others", (file: string) => chmodSync(file, 0o644)],
    [
      "a directory",
      (file: string) => {
        rmSync(file);
        mkdirSync(file);
      },
    ],
  ] as const)("locks the vault when its file is %s; neither is made anew", async ([, spoil], { expect }) => {
    using place = aPlace();
    await put(place.open(), "a", MARK);
    const [vault, key] = [readFileSync(place.file), readFileSync(place.keyFile)];
    spoil(place.keyFile);
    const listing = (): readonly string[] => readdirSync(place.directory).toSorted();
    const before = listing();
    const opened = place.open();
    for (const error of [await failure(opened.read()), await failure(put(opened, "b", "x"))]) {
      expect(error.code).toBe("VAULT_LOCKED");
      expect(error.message).toContain(place.keyFile);
      expect(error.fix).toContain("mv ");
      expect(error.message + error.fix).not.toContain(key.toString().trim());
    }
    expect(await opened.status()).toMatchObject({ state: "locked" });
    expect(listing()).toEqual(before);
    expect(readFileSync(place.file).equals(vault)).toBe(true);
    // And nothing else is needed to open it again.
    rmSync(place.keyFile, { recursive: true, force: true });
    writeFileSync(place.keyFile, key, { mode: 0o600 });
    chmodSync(place.keyFile, 0o600);
    expect(await valueOf(place.open(), "a")).toBe(MARK);
  });

  it.for([
    ["does not answer", (keychain: FakeKeychain) => Object.assign(keychain, { silent: true })],
    ["has it no more", (keychain: FakeKeychain) => keychain.entries.clear()],
    ["has another in its place", (keychain: FakeKeychain) => replaceAll(keychain, "0".repeat(64))],
    ["has nonsense in its place", (keychain: FakeKeychain) => replaceAll(keychain, "x")],
  ] as const)("locks the vault when the keychain %s; no key file takes its place", async ([, spoil], { expect }) => {
    using place = aPlace(createFakeKeychain());
    await put(place.open(), "a", MARK);
    const before = readFileSync(place.file);
    spoil(place.keychain);
    expect((await failure(place.open().read())).code).toBe("VAULT_LOCKED");
    expect((await failure(put(place.open(), "b", "x"))).code).toBe("VAULT_LOCKED");
    expect(existsSync(place.keyFile)).toBe(false);
    expect(readFileSync(place.file).equals(before)).toBe(true);
  });

  it("of the keychain cannot be put into a file by whoever changes the vault's first bytes", async ({ expect }) => {
    using place = aPlace(createFakeKeychain());
    await put(place.open(), "a", MARK);
    const bytes = readFileSync(place.file);
    bytes[9] = 0;
    writeFileSync(place.file, bytes);
    writeFileSync(place.keyFile, [...place.keychain.entries.values()].join(""), { mode: 0o600 });
    expect((await failure(place.open().read())).message).toContain("its content was changed");
  });
});
