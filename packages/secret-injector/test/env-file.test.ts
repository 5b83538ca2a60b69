import fc from "fast-check";
import { describe, it } from "vitest";
import { looksLikeKey, parseEnvFile } from "../src/index.ts";

const read = (text: string): { readonly secrets: Readonly<Record<string, string>>; readonly leftOut: readonly string[] } => {
  const { secrets, leftOut } = parseEnvFile(text);
  return { secrets: Object.fromEntries([...secrets].map(([name, secret]) => [name, secret.reveal()])), leftOut: leftOut.map(({ line, reason }) => `${line}: ${reason}`) };
};

describe("a file of secrets", () => {
  it("has a name and a value in each line, in Docker's form", ({ expect }) => {
    expect(read('\uFEFF# comment\n\nbrave.api_key=BSA-1=2\r\n github.personal_access_token = x \nQUOTED="as it is"\n  # another\nCONFLUENCE_API_TOKEN=y')).toEqual({
      secrets: { "brave.api_key": "BSA-1=2", "github.personal_access_token": " x ", QUOTED: '"as it is"', CONFLUENCE_API_TOKEN: "y" },
      leftOut: [],
    });
  });

  it("tells what it leaves out by line and reason, never by content", ({ expect }) => {
    const { secrets, leftOut } = read("export A=1\nB=\nsk-a-key-without-a-name\n=x\nC=1\nC=2\n__proto__=x\n../x=y");
    expect(secrets).toEqual({ C: "2" });
    expect(leftOut).toEqual([
      "1: what stands before = is no secret's name",
      "2: it has no value",
      "3: it has no =",
      "4: what stands before = is no secret's name",
      "5: line 6 gives it anew",
      "7: what stands before = is no secret's name",
      "8: what stands before = is no secret's name",
    ]);
  });

  it("is read without a fault, whatever it holds, and every line is taken or told", ({ expect }) => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.tuple(fc.stringMatching(/^[a-z.]{1,5}$/), fc.string()).map(([name, value]) => `${name}=${value}`),
          ),
        ),
        (lines) => {
          const text = lines.join("\n");
          const { secrets, leftOut } = parseEnvFile(text);
          const counted = text.split(/\r?\n/).filter((line) => !/^\s*(#|$)/.test(line.replace(/^\uFEFF/, ""))).length;
          expect(secrets.size + leftOut.length).toBe(counted);
        },
      ),
    );
  });
});

describe("a key in place of a name", () => {
  it.for([
    "sk-ant-api03-abcdefgh",
    "SK-TEST-0123",
    "ghp_abcdefghijkl",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9",
    "d41d8cd98f00b204e9800998ecf8427e",
    "npm_aB3dE5fG7hI9jK1lM3nO5pQ7",
    "a".repeat(41),
  ])("is known for one: %s", (text, { expect }) => {
    expect(looksLikeKey(text)).toBe(true);
  });

  it.for(["anthropic", "brave.api_key", "github.personal_access_token", "GITHUB_PERSONAL_ACCESS_TOKEN", "npm_token", "sk-key", "atlassian.confluence.api_token", "my-server-2.key"])(
    "is none: %s",
    (text, { expect }) => {
      expect(looksLikeKey(text)).toBe(false);
    },
  );
});
