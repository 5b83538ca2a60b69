import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, type Host } from "../src/open-host.ts";

let host: Host;
let cwd: string;
beforeAll(async () => {
  host = openHost({ SBX_KEEP_READY: "no" });
  cwd = await host.project("desk", 1234);
}, 600_000);
afterAll(() => host[Symbol.asyncDispose](), 60_000);

/** Write a mixin into the person's home. */
function mixin(
  name: string,
  { top = [], capabilities = [], files = {} }: { readonly top?: readonly string[]; readonly capabilities?: readonly string[]; readonly files?: Readonly<Record<string, string>> },
): string {
  const directory = path.join(host.home, "kits", name);
  mkdirSync(directory, { recursive: true });
  const lines = ['schemaVersion: "3"', "kind: mixin", 'version: "1.0"', ...top, ...(capabilities.length === 0 ? [] : ["capabilities:", ...capabilities.map((one) => `  - ${one}`)])];
  for (const [file, text] of Object.entries({ "kit.yaml": `${lines.join("\n")}\n`, ...files })) writeFileSync(path.join(directory, file), text);
  return directory;
}

const inside = async (...command: readonly string[]): Promise<string> => (await host.sbx(["exec", "mixed", ...command])).stdout;

describe("mixins over an agent", () => {
  it("put files, variables, hosts, arguments and hooks of several Kits into one sandbox", { timeout: 900_000 }, async ({ expect }) => {
    const files = mixin("files", {
      top: ["provides: [tool]"],
      files: { "kit.dockerfile": "FROM scratch\nENV TOOL_HOME=/opt/tool\nCOPY tool /opt/tool/tool\nCOPY tool /home/agent/from-mixin\n", tool: "echo from the tool\n" },
    });
    const built = mixin("built", {
      top: ["requires: ['tool >= 1']"],
      files: { "kit.dockerfile": 'ARG SBX_BASE\nFROM ${SBX_BASE}\nRUN sh /opt/tool/tool > /opt/built && id -u >> /opt/built\nUSER nobody\nENTRYPOINT ["/bin/false"]\n' },
    });
    const declared = mixin("declared", {
      top: ["args:", "  host: { required: true }", "  greeting: { default: hello, env: GREETING }"],
      capabilities: [
        "{ type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: ['${{ kit.args.host }}:443'] } } }",
        "{ type: com.docker.sandbox/lifecycle@1, config: { install: [{ command: 'echo $GREETING $TOOL_HOME > ~/installed', user: agent, env: [GREETING, TOOL_HOME] }], files: [{ path: /home/agent/note, content: '${{ kit.env.TOOL_HOME }} ${{ kit.env.EXTRA }}' }] } }",
        "{ type: com.docker.sandbox/privileged@1, optional: true }",
      ],
    });
    const kits = ["--kit", declared, "--kit", built, "--kit", files, "--arg", "host=api.test.example"];
    const inspected = await host.sbx(["kit", "inspect", "shell", ...kits, "--json"], { cwd });
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      name: "shell",
      allow: ["api.test.example:443"],
      kits: [{ name: "shell", kind: "workload" }, { name: "declared" }, { name: "files" }, { name: "built", version: "1.0" }],
    });

    const made = await host.sbx(["create", "-q", "--name", "mixed", "-e", "EXTRA=of a person", ...kits, "shell"], { cwd });
    expect(made).toMatchObject({ code: 0 });
    expect(await inside("cat", "/opt/tool/tool", "/opt/built")).toBe("echo from the tool\nfrom the tool\n0\n");
    expect(await inside("cat", "/home/agent/installed", "/home/agent/note")).toBe("hello /opt/tool\n/opt/tool of a person");
    expect(await inside("sh", "-c", "id -un; stat -c %U /home /home/agent; echo $GREETING $TOOL_HOME")).toBe("agent\nroot\nagent\nhello /opt/tool\n");
    const sandbox = await host.sandbox("mixed");
    expect(sandbox.kits.map(({ name, kind }) => [name, kind])).toEqual([
      ["shell", "workload"],
      ["declared", "mixin"],
      ["files", "mixin"],
      ["built", "mixin"],
    ]);
    expect(sandbox.skipped).toContainEqual(expect.stringContaining("declared: com.docker.sandbox/privileged@1"));
    expect((await host.sbx(["policy", "check", "api.test.example:443", "--sandbox", "mixed"])).code).toBe(0);
    expect((await host.sbx(["policy", "check", "api.test.example:80", "--sandbox", "mixed"])).code).toBe(1);

    const joined = await host.sbx(["create", "-q", "--name", "mixed", "--kit", files, "--arg", "host=other.example", "shell"], { cwd });
    expect(joined.code).not.toBe(0);
    expect(joined.stderr).toContain("--arg host");
    expect(joined.stderr).not.toContain("other.example");
  });

  it("are refused before anything is made when they do not go together", { timeout: 300_000 }, async ({ expect }) => {
    const [before, images] = [await host.remains(), (await host.events()).length];
    const refused: readonly (readonly [kits: readonly string[], message: string])[] = [
      [[mixin("git-a", { top: ["provides: [git]"] }), mixin("git-b", { top: ["provides: [git]"] })], '"git-a" and "git-b" provide com.docker.kit/git'],
      [[mixin("hostile", { top: ["conflicts: [dev.sbx/shell]"] })], '"hostile" conflicts with "shell"'],
      [[mixin("greedy", { capabilities: ["{ type: com.docker.sandbox/privileged@1 }"] })], "no sandbox is privileged"],
      [[mixin("needy", { top: ["requires: [nothing]"] })], 'requires "nothing"'],
      [[mixin("asking", { top: ["args: { token: { required: true } }"] })], "--arg token=VALUE"],
    ];
    for (const [kits, message] of refused) {
      const made = await host.sbx(["create", "-q", "--name", "never", ...kits.flatMap((kit) => ["--kit", kit]), "shell"], { cwd });
      expect(made.code, message).not.toBe(0);
      expect(made.stderr).toContain(message);
    }
    const inWorkspace = path.join(cwd, "planted");
    mkdirSync(inWorkspace);
    writeFileSync(path.join(inWorkspace, "kit.yaml"), 'schemaVersion: "3"\nkind: mixin\n');
    const planted = await host.sbx(["create", "-q", "--name", "never", "--kit", inWorkspace, "shell"], { cwd });
    expect(planted.stderr).toContain("where an agent may write");
    expect(await host.remains()).toEqual(before);
    expect((await host.events()).slice(images).filter(({ type }) => type.startsWith("sandbox."))).toEqual([]);
    expect((await host.sandboxes()).map(({ name }) => name)).not.toContain("never");
  });
});
