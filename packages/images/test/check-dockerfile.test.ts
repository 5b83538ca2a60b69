import { test } from "vitest";
import { checkDockerfile } from "../src/check-dockerfile.ts";

test("takes what the classic builder understands", ({ expect }) => {
  const text = '# syntax=docker/sandbox-kit:3\nARG SBX_BASE\nFROM ${SBX_BASE}\nRUN npm install -g x && echo "1 << 2"\nCOPY --chown=agent:agent --from=0 a b\n';
  expect(() => { checkDockerfile("x", text); }).not.toThrow();
});

test("refuses a recipe without FROM", ({ expect }) => {
  expect(() => { checkDockerfile("x", "# FROM nothing\nRUN true\n"); }).toThrow(expect.objectContaining({ code: "KIT_INVALID" }));
});

for (const line of ["RUN --mount=type=cache,target=/x true", "run --network=host true", "RUN cat <<EOF > /x", "COPY <<-'EOF' /x", "COPY --chown=a --link a b"]) {
  test(`refuses "${line}", which only BuildKit understands`, ({ expect }) => {
    expect(() => { checkDockerfile("x", `FROM x\n${line}\n`); }).toThrow(expect.objectContaining({ code: "KIT_UNSUPPORTED" }));
  });
}
