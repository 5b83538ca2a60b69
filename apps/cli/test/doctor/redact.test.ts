import fc from "fast-check";
import { describe, it } from "vitest";
import { redact } from "../../src/doctor/redact.ts";

const person = { home: "/home/maria", user: "maria" };
const letters = (least: number, most: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), minLength: least, maxLength: most });

describe("a text that leaves the machine", () => {
  it.for([
    ["a key of Anthropic's", "sk-ant-api03-x7Kq2LmNpQrStUvWxYz"],
    ["a token of GitHub's", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"],
    ["an id of a key of AWS'", "AKIAIOSFODNN7EXAMPLE"],
    ["a secret of AWS'", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
    ["a JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"],
    ["a webhook's path", "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXX1X"],
    ["a word after a password's name", "hunter2"],
  ])("has not %s, wherever it stands", ([, value = ""], { expect }) => {
    const secret = value.includes("/B0") ? "XXXXXXXXXXXXXXXXXXXXXX1X" : value;
    for (const text of [
      `{"password":"${value}"}`,
      `PASSWORD=${value} next`,
      `Authorization: Bearer ${value}`,
      ...(value === "hunter2" ? [] : [`it said ${value}, and ended`]),
      ...(value === "hunter2" || value.startsWith("wJal") ? [] : [`https://example.com/hook/${value}?x=1`]),
    ]) {
      expect(redact(text, person)).not.toContain(secret);
    }
  });

  it("has no key, of any shape, after a name that says what it is", ({ expect }) => {
    fc.assert(
      fc.property(fc.constantFrom("token", "api_key", "AWS_SECRET_ACCESS_KEY", "db-password", "x-api-key"), fc.constantFrom("=", ": ", '":"', "='"), letters(4, 60), (name, sign, value) => {
        expect(redact(`before ${name}${sign}${value}`, person)).not.toContain(value);
      }),
    );
  });

  it("has no long mixed word that stands alone", ({ expect }) => {
    fc.assert(
      fc.property(letters(18, 80), (value) => {
        expect(redact(`error near ${value}a1: bad`, person)).not.toContain(value);
      }),
    );
  });

  it("has neither the person nor their home, and no address of anybody", ({ expect }) => {
    expect(redact("maria runs /home/maria/src/app for maria@example.com at https://maria:pw@host/x; marianne stays", person)).toBe(
      "USER runs ~/src/app for [hidden] at https://[hidden]@host/x; marianne stays",
    );
  });

  it("keeps what helps to find a fault", ({ expect }) => {
    const line = '{"level":50,"time":"2026-11-26T09:04:33.117Z","event":"sandbox.failed","code":"ENGINE_UNREACHABLE","message":"no answer within 10 s","sandbox":"sbx_0a1b2c3d"}';
    expect(redact(line, person)).toBe(line);
  });

  it("has no private key, whole or cut off", ({ expect }) => {
    const key = "MIIEvQIBADANBg\nkqhkiG9w0B";
    for (const text of [`a -----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY----- b`, `a -----BEGIN PRIVATE KEY-----\n${key}`]) {
      expect(redact(text, person)).not.toContain("kqhkiG9w0B");
      expect(redact(text, person)).toMatch(/^a \[hidden\]/);
    }
  });

  it.for(["a1", "token=", "-----BEGIN X-----", "a=", "x@", "a.", "://"])("comes to an end for any number of %j", (piece, { expect }) => {
    expect(redact(piece.repeat(50_000), person).length).toBeLessThan(3000);
  });
});
