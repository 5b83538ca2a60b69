import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { checkDockerfile } from "../src/check-dockerfile.ts";

const HEAD = "ARG SBX_BASE\nFROM ${SBX_BASE}\n";
const AGENTS = join(import.meta.dirname, "../../sandbox-core/agents");

test("takes what the classic builder understands", ({ expect }) => {
  const text = `# syntax=docker/sandbox-kit:3\n${HEAD}RUN npm install -g x && echo "1 << 2"\nFROM scratch\nCOPY --chown=agent:agent --from=0 a b\n`;
  expect(() => {
    checkDockerfile("x", text);
  }).not.toThrow();
});

for (const text of [
  "FROM $SBX_BASE as Early\nfrom early AS two\nCOPY --from=EARLY a b\nCOPY --from=0 a b\nFROM two\nCOPY --from=1 a b",
  'FROM $SBX_BASE\nADD a.tar.gz dir/*.txt $HOME/\nADD ["a b", "http.txt", "$HOME/"]\nCOPY "a" $X /b',
  "FROM $SBX_BASE\nRUN curl \\\n# ADD http://a/ b\n\n  https://example.org/ADD && \\\n  true\n",
]) {
  test(`takes ${JSON.stringify(text)}`, ({ expect }) => {
    expect(() => {
      checkDockerfile("x", `ARG SBX_BASE\n${text}\n`);
    }).not.toThrow();
  });
}

test("takes the Kits that come with sbx", ({ expect }) => {
  const kits = globSync("*/kit.dockerfile", { cwd: AGENTS });
  expect(kits.length).toBe(globSync("*/kit.yaml", { cwd: AGENTS }).length);
  expect(kits).toContain("claude/kit.dockerfile");
  for (const kit of kits) checkDockerfile("x", readFileSync(join(AGENTS, kit), "utf8"));
});

test("refuses a recipe without FROM", ({ expect }) => {
  expect(() => {
    checkDockerfile("x", "# FROM nothing\nRUN true\n");
  }).toThrow(expect.objectContaining({ code: "KIT_INVALID" }));
});

for (const line of ["RUN --mount=type=cache,target=/x true", "run --network=host true", "RUN cat <<EOF > /x", "COPY <<-'EOF' /x", "COPY --chown=a --link a b"]) {
  test(`refuses "${line}", which only BuildKit understands`, ({ expect }) => {
    expect(() => {
      checkDockerfile("x", `FROM x\n${line}\n`);
    }).toThrow(expect.objectContaining({ code: "KIT_UNSUPPORTED" }));
  });
}

for (const lines of [
  "ADD http://127.0.0.1:8080/x /x",
  "  add\tHTTPS://169.254.169.254/ /x",
  "ADD --chown=a a http://h/ /x",
  "ADD git@github.com:a/b.git /x",
  "ADD github.com/a/b /x",
  "ADD $URL /x",
  "ADD ${URL} /x",
  'ADD ht"tp"://h/ /x',
  "ADD http:/\\/h/ /x",
  "ADD -- http://h/ /x",
  'ADD ["http://h/", "/x"]',
  'ADD ["\\u0068ttp:\\/\\/h/", "/x"]',
  'ADD ["http://h/","/x"]trailing',
  'ADD ["ht\'t\'p://h/", "/x"]',
  "AD\\\nD http://h/ /x",
  "\\\nADD http://h/ /x",
  "ADD \\  \n# a comment\n\n  http://h/ \\\n /x",
  "ADD \\\r\n http://h/ /x",
  "# comment \\\nADD http://h/ /x",
  "ADD\u00A0http://h/ /x",
  "\u0085ADD http://h/ /x",
  "RUN true \\\\\nADD http://h/ /x",
  "ONBUILD ADD http://h/ /x",
  "onbuild RUN true",
  "ONBUILD \\\nONBUILD COPY a b",
  "FROM private",
  "FROM registry.example/x:1 AS y",
  "FROM ${OTHER}",
  "FROM ${SBX_BASE:-private}",
  "FROM ${SBX_BASE}x",
  "FROM --platform=linux/s390x ${SBX_BASE}",
  "FROM later\nFROM $SBX_BASE AS later",
  "FROM own AS own",
  "FROM 0",
  "FROM $SBX_BASE extra",
  "COPY --from=private /a /b",
  "COPY --chown=a --from=registry.example/x:1 /a /b",
  "COPY --from=$X /a /b",
  'COPY --"from"=private /a /b',
  "COPY --fr\\om=private /a /b",
  "COPY --from= /a /b",
  "COPY --from=0 /a /b",
  "COPY --from=1 /a /b",
  "COPY --from=-1 /a /b",
  "COPY --fr\\\nom=private /a /b",
  'COPY --from=private ["/a", "/b"]',
  "ADD --from=private /a /b",
  "FROM $SBX_BASE AS own\nCOPY --from=own /a /b",
]) {
  test(`refuses ${JSON.stringify(lines)}, which reaches beyond the Kit`, ({ expect }) => {
    expect(() => {
      checkDockerfile("x", `${HEAD}${lines}\n`);
    }).toThrow(expect.objectContaining({ code: "KIT_INVALID", message: expect.stringMatching(/^Line [345] of/) }));
  });
}

test("refuses another escape character, with which lines would end elsewhere", ({ expect }) => {
  expect(() => {
    checkDockerfile("x", `# Escape = \`\n${HEAD}RUN true \`\n`);
  }).toThrow(expect.objectContaining({ code: "KIT_INVALID", message: expect.stringContaining("Line 1 of") }));
});
