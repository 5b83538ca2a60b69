import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { parseInterceptor } from "../../src/interceptors/parse-interceptor.ts";
import { splitWords } from "../../src/interceptors/split-words.ts";

function refusal(flag: string): string {
  try {
    parseInterceptor(flag);
    return "";
  } catch (error) {
    return AppError.is(error) ? `${error.code}: ${error.message} ${error.fix}` : String(error);
  }
}

describe("the flag of an interceptor", () => {
  it.for([
    ["before:exec:jq -e '.params.name != \"rm\"'", { when: "before", run: { type: "exec", command: "jq -e '.params.name != \"rm\"'" } }],
    ["after:exec:a:b:c", { when: "after", run: { type: "exec", command: "a:b:c" } }],
    ["after:http:http://127.0.0.1:8080/x?y=1", { when: "after", run: { type: "http", url: "http://127.0.0.1:8080/x?y=1" } }],
    ["before:http:http://localhost/x", { when: "before", run: { type: "http", url: "http://localhost/x" } }],
    ["before:http:http://[::1]:1/", { when: "before", run: { type: "http", url: "http://[::1]:1/" } }],
    ["before:http:https://checks.example/x", { when: "before", run: { type: "http", url: "https://checks.example/x" } }],
    ["before:docker:alpine sh -c 'echo \"a b\"'", { when: "before", run: { type: "docker", image: "alpine", args: ["sh", "-c", 'echo "a b"'] } }],
    ["before:exec:first\nsecond", { when: "before", run: { type: "exec", command: "first\nsecond" } }],
  ] as const)("%j is read", ([flag, expected], { expect }) => {
    expect(parseInterceptor(flag)).toEqual({ ...expected, flag });
  });

  it.for([
    "",
    "before",
    "before:exec",
    "before:exec:",
    "before:exec:   ",
    ":exec:x",
    "Before:exec:x",
    "before:EXEC:x",
    " before:exec:x",
    "during:exec:x",
    "before:shell:x",
    "before,after:exec:x",
    "before:exec:a\u0000b",
    "before:http:localhost:8080/x",
    "before:http:http://10.0.0.1/x",
    "before:http:http://127.0.0.1.evil.example/x",
    "before:http:http://localhost.evil.example/",
    "before:http:http://127.evil.example/",
    "before:http:http://evil.example/#localhost",
    "before:http:http://user:pass@127.0.0.1/",
    "before:http:ftp://127.0.0.1/",
    "before:http:file:///etc/passwd",
    "before:http:http:/127.0.0.1/x",
    "before:http:javascript:1",
    "before:http:data:,x",
    "before:docker:--privileged alpine",
    "before:docker:'' x",
    "before:docker:alpine 'open",
    `before:exec:${"x".repeat(10_000)}`,
  ])("%j is refused, with the way to write it", (flag, { expect }) => {
    expect(refusal(flag)).toMatch(/^USAGE: The interceptor .* cannot be used: .*\. [A-Z].*\.$/s);
  });

  it("is read or refused, and nothing else, whatever it is", ({ expect }) => {
    const flag = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.tuple(fc.constantFrom("before:", "after:"), fc.constantFrom("exec:", "http:http://", "http:https://", "docker:"), fc.string({ unit: "binary" })).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(flag, (given) => {
        const said = refusal(given);
        expect(said === "" || said.startsWith("USAGE: ")).toBe(true);
        if (said !== "") return;
        const { run } = parseInterceptor(given);
        if (run.type === "http") expect(["https:", "http:"]).toContain(new URL(run.url).protocol);
      }),
    );
  });
});

describe("words", () => {
  it.for([
    ["a b  c", ["a", "b", "c"]],
    ["  ", []],
    ["a'b c'd", ["ab cd"]],
    [String.raw`"a\"b\\c\d" e\ f`, [String.raw`a"b\c\d`, "e f"]],
    ["'a' \"\" ''", ["a", "", ""]],
    ["$HOME `x` $(y) ; |", ["$HOME", "`x`", "$(y)", ";", "|"]],
    ["'open", undefined],
    ['a "open', undefined],
    ["a\\", undefined],
  ] as const)("of %j are %j", ([text, expected], { expect }) => {
    expect(splitWords(text)).toEqual(expected);
  });

  it("come back as they were quoted", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (words) => {
        expect(splitWords(words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(" "))).toEqual(words);
      }),
    );
  });
});
