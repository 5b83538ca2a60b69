import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { rootCertificates } from "node:tls";
import { SandboxId } from "@sbx/contracts";
import { createAuthority } from "@sbx/egress-proxy";
import { afterEach, beforeEach, describe, it } from "vitest";
import { SandboxAuthorities } from "../../src/network/sandbox-authorities.ts";

const [ID, OTHER] = [SandboxId.parse("sbx_00000001"), SandboxId.parse("sbx_00000002")];
const IMAGES = createAuthority().certificate;
let stateDirectory: string;
let said: unknown[];

beforeEach(() => {
  stateDirectory = mkdtempSync("/tmp/sbx-authorities-");
  said = [];
});

afterEach(() => {
  rmSync(stateDirectory, { recursive: true });
});

function open(): SandboxAuthorities {
  const say = (...words: readonly unknown[]): void => void said.push(words);
  return new SandboxAuthorities({ stateDirectory, log: { info: say, warn: say, error: say } });
}

const file = (id = ID): string => path.join(stateDirectory, "sandboxes", id, "authority.json");
const certificates = (text: string): readonly string[] => text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

describe("the authorities of sandboxes", () => {
  it("are made once each, told with those of the image first, and found again by the next daemon", async ({ expect }) => {
    const authorities = open();
    expect(authorities.of(ID)).toBeUndefined();
    const bundle = await authorities.bundle(ID, IMAGES);
    const [first, own, ...more] = certificates(bundle);
    expect([first, more]).toEqual([IMAGES.trim(), []]);
    expect(new X509Certificate(own ?? "").ca).toBe(true);
    expect(authorities.of(ID)?.certificate.trim()).toBe(own);
    expect(await authorities.bundle(ID, IMAGES)).toBe(bundle);
    expect(await open().bundle(ID, IMAGES)).toBe(bundle);
    expect(open().of(ID)).toEqual(authorities.of(ID));
    expect(await authorities.bundle(OTHER, IMAGES)).not.toBe(bundle);
    expect(said).toEqual([]);
  });

  it("keep their keys to the daemon: in one file of its own user's, and never in what is told", async ({ expect }) => {
    const bundle = await open().bundle(ID, undefined);
    expect(bundle).not.toContain("PRIVATE KEY");
    expect(readdirSync(path.dirname(file()))).toEqual(["authority.json"]);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(file())).mode & 0o077).toBe(0);
  });

  it("come after the public ones where the image has none", async ({ expect }) => {
    for (const image of [undefined, "", "\n"]) expect(certificates(await open().bundle(ID, image))).toHaveLength(rootCertificates.length + 1);
  });

  it.for<readonly [what: string, content: () => string]>([
    ["no JSON", () => "{"],
    ["nothing", () => ""],
    ["a key of another one", () => JSON.stringify({ certificate: createAuthority().certificate, key: createAuthority().key })],
    ["a key that is none", () => JSON.stringify({ ...createAuthority(), key: "x" })],
  ])("are none where their file holds %s, and say nothing of what it holds", async ([, content], { expect }) => {
    await open().bundle(ID, IMAGES);
    const text = content();
    writeFileSync(file(), text);
    const authorities = open();
    for (let asked = 0; asked < 3; asked += 1) expect(authorities.of(ID)).toBeUndefined();
    expect(said).toHaveLength(1);
    expect(JSON.stringify(said)).not.toContain("PRIVATE KEY");
    // The next start makes another one.
    expect(certificates(await open().bundle(ID, IMAGES))).toHaveLength(2);
    expect(readFileSync(file(), "utf8")).not.toBe(text);
    chmodSync(file(), 0o600);
  });

  it("are forgotten with their sandbox", async ({ expect }) => {
    const authorities = open();
    await authorities.bundle(ID, IMAGES);
    rmSync(path.dirname(file()), { recursive: true });
    authorities.forget(ID);
    expect(authorities.of(ID)).toBeUndefined();
  });
});
