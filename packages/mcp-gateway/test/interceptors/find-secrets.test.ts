import { createHash, randomBytes, randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, it } from "vitest";
import { createSecretFinder } from "../../src/interceptors/find-secrets.ts";
import { SECRET_RULES } from "../../src/interceptors/secret-rules.ts";
import { NAMED_SAMPLES, SAMPLES } from "./secret-samples.ts";

const find = createSecretFinder();
const kindOf = (title: string): string => title.split(" ", 1)[0] ?? "";
const found = (text: string) => find(text).map(({ rule, start, end }) => ({ rule, secret: text.slice(start, end) }));

/** Where secrets stand in texts of people and programs. */
const PLACES: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => `The token is ${secret}, keep it.`,
  (secret) => `TOKEN=${secret}\n`,
  (secret) => JSON.stringify({ token: secret }),
  (secret) => JSON.stringify(JSON.stringify({ env: `A=1\n${secret}\nB=2` })),
  (secret) => `https://example.org/?token=${secret}&x=1`,
  (secret) => `Authorization: Bearer ${secret}\r\n`,
  (secret) => `token%3D${secret}`,
  (secret) => `\u001B[1;32m${secret}\u001B[0m`,
  (secret) => JSON.stringify(`\u001B${secret}\u001B`),
  (secret) => `${"x ".repeat(5000)}${secret} ${"y ".repeat(5000)}`,
  (secret) => `ключ=${secret}😀`,
];

describe("a secret of a known form is found", () => {
  it.for(Object.entries(SAMPLES))("%s, wherever it stands", ([title, make], { expect }) => {
    for (const place of PLACES) {
      const secret = make();
      const text = place(secret);
      const [written = ""] = [secret, JSON.stringify(secret).slice(1, -1), JSON.stringify(JSON.stringify(secret)).slice(3, -3)].filter((form) => text.includes(form));
      const [first, ...rest] = found(text);
      expect(first?.rule).toBe(kindOf(title));
      expect(first?.secret.startsWith(written) === true || written.includes(first?.secret ?? "?")).toBe(true);
      expect(text.replace(first?.secret ?? "", "").includes(written)).toBe(false);
      expect(rest).toEqual([]);
    }
  });

  it.for(Object.entries(NAMED_SAMPLES))("%s", ([title, make], { expect }) => {
    const { text, secret } = make();
    expect(found(text)).toEqual([{ rule: kindOf(title), secret }]);
  });

  it("by every rule there is", ({ expect }) => {
    const covered = new Set([...Object.keys(SAMPLES), ...Object.keys(NAMED_SAMPLES)].map(kindOf));
    expect(SECRET_RULES.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
  });

  it("when many stand side by side", ({ expect }) => {
    const makers = Object.entries(SAMPLES);
    const text = makers.map(([, make]) => make()).join("\n");
    expect(found(text).map(({ rule }) => rule)).toEqual(makers.map(([title]) => kindOf(title)));
  });

  it("of example values too, since nobody can tell", ({ expect }) => {
    expect(found(["ghp_", "a".repeat(36), " AKIA", "IOSFODNN7EXAMPLE"].join("")).map(({ rule }) => rule)).toEqual(["github-token", "aws-access-key-id"]);
  });

  it("of a key without a foot, as far as its body goes", ({ expect }) => {
    const body = randomBytes(600)
      .toString("base64")
      .replaceAll(/(.{64})/g, "$1\n");
    const text = `-----BEGIN RSA PRIVATE KEY-----\n${body}\n\nand the rest of the page stays`;
    expect(text.replace(found(text)[0]?.secret ?? "", "[gone]")).toMatch(/^\[gone\]\s+and the rest of the page stays$/);
    expect(found("A key begins with -----BEGIN PRIVATE KEY----- and is long.")).toEqual([]);
  });
});

describe("what is no secret is left alone", () => {
  let drawn = 0;
  /** The same in each run: of a million bytes at random, now and then some begin as a token does. */
  const bytes = (length: number): Buffer =>
    createHash("shake256", { outputLength: length })
      .update(String((drawn += 1)))
      .digest();
  const rounds = (make: () => string) => Array.from({ length: 300 }, make).join("\n");

  it.for([
    ["commits", () => rounds(() => createHash("sha1").update(bytes(8)).digest("hex"))],
    ["digests", () => rounds(() => `sha256:${createHash("sha256").update(bytes(8)).digest("hex")}`)],
    ["identifiers", () => rounds(() => randomUUID())],
    ["integrity of packages", () => rounds(() => `sha512-${bytes(64).toString("base64")}`)],
    ["an image", () => bytes(3 << 20).toString("base64")],
    ["an image in a page", () => `<img src="data:image/png;base64,${bytes(1 << 20).toString("base64")}">`],
    ["bytes for addresses", () => bytes(1 << 20).toString("base64url")],
    ["numbers", () => rounds(() => bytes(16).join(""))],
    [
      "public keys",
      () => `-----BEGIN PUBLIC KEY-----\n${bytes(300).toString("base64")}\n-----END PUBLIC KEY-----\n-----BEGIN CERTIFICATE-----\n${bytes(900).toString("base64")}\n-----END CERTIFICATE-----`,
    ],
    ["ssh keys", () => `ssh-ed25519 ${bytes(51).toString("base64")} me@example.org`],
    [
      "texts about secrets",
      () =>
        "Set GITHUB_TOKEN to a token that begins with ghp_ or github_pat_. Keys look like sk-..., AKIA... or AIza<key>. Use secret_access_key: ${{ secrets.KEY }}. npm_config_registry=x npm_package_version xoxb-your-token " +
        "sk-learn risk-based-authentication-with-many-long-words-and-more task-ant-colony-optimisation hf_model_name_with_many_words_in_it_and_more_of_them eyJ eyJhbGciOi.. glpat-xxx dp.pt SK SG. -----BEGIN PRIVATE KEY----- private_key_id secret_santa ",
    ],
    ["code", () => `const skipTest = "sk-${"word-".repeat(20)}"; class AKIAFactory {} export const ntn_a = 1, gsk_ = 2; // pul-request, SKU${"A1b2".repeat(10)}`],
  ] as const)("%s", ([, make], { expect }) => {
    expect(found(make())).toEqual([]);
  });
});

describe("a text made to take long", () => {
  const starts = SECRET_RULES.flatMap(({ starts: all }) => all);

  it.for([
    ...starts.map((start) => [start, start.repeat(Math.ceil(200_000 / start.length))] as const),
    ...["-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----AAAA\n", "-----END PRIVATE KEY-----"].map((start) => [start, start.repeat(20_000)] as const),
    ...[
      "eyJaaaaaaaaaaaaaa.",
      "eyJaaaaaaaaaaaaaa.eyJaaaaaaaaaa",
      `eyJ${"a".repeat(15_000)}.`,
      `.eyJ${"a".repeat(15_000)}.eyJ${"a".repeat(15_000)}`,
      "secret_access_key        =        ",
      "private_key_id        ",
      "xoxb-a ",
      "sk-ant-a ",
      "sk-aaaaaaaaaaaaaaaaaaaa",
    ].map((start) => [start.slice(0, 20), start.repeat(Math.ceil(400_000 / start.length))] as const),
  ])("of %j takes no longer than its length", ([, text], { expect }) => {
    const began = performance.now();
    find(text);
    // Quadratic work on texts of this size takes minutes.
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

it("gives places in order, apart and inside any text", ({ expect }) => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(...SECRET_RULES.flatMap(({ starts }) => starts), "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"),
    fc.constantFrom(...Object.values(SAMPLES)).map((make) => make()),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join("");
      let from = 0;
      for (const { start, end } of find(text)) {
        expect(start).toBeGreaterThanOrEqual(from);
        expect(end).toBeGreaterThan(start);
        from = end;
      }
      expect(from).toBeLessThanOrEqual(text.length);
    }),
  );
});
