import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, type Host } from "../../e2e/src/open-host.ts";
import { runProgram, type ProgramResult } from "../../e2e/src/run-program.ts";
import { buildAdapter } from "../src/build-adapter.ts";

const SENTINEL = "kit-tck-host-sentinel-must-not-leak";
const SECRET = "kit-tck-bound-secret-must-not-reach-the-sandbox";
const RECIPE = `# syntax=docker/sandbox-kit:3
ARG SBX_BASE
FROM \${SBX_BASE}
ARG WORD=started
COPY --chmod=0755 <<'PROGRAM' <<PLAIN /usr/local/bin/
#!/bin/sh
printf '%s\\n' "$1" >> /var/tmp/starts
exec sleep infinity
PROGRAM
$WORD as written
PLAIN
COPY --chmod=0500 --chown=agent *.yaml /opt/kit/
RUN <<EOF
set -e
cd /usr/local/bin
echo "$(stat -c '%a %U' PROGRAM PLAIN /opt/kit/plain.yaml | tr '\\n' ' ')" > /opt/modes
EOF
RUN <<EOF
#!/usr/bin/python3
print("by python", file=open("/opt/python", "w"))
EOF
RUN ls -A / > /opt/root
USER agent
ENTRYPOINT ["PROGRAM", "started"]
`;

let host: Host;
let adapter: string;
let kits: string;
beforeAll(async () => {
  host = openHost({ SBX_IDLE_STOP_MS: "600000", SBX_KEEP_READY: "no" });
  kits = path.join(host.home, "kits");
  adapter = await buildAdapter(path.join(host.home, "adapter"), { home: host.home, env: host.env, directory: path.join(host.home, "work"), idleStopMs: 600_000 });
  kit("plain", [
    "type: com.docker.sandbox/volume@1, config: {path: /data//kept/}",
    "type: com.docker.sandbox/volume@1, config: {path: /scratch, tmpfs: true}",
    "type: com.docker.sandbox/agent-skills@1, config: {path: /home/agent/.a/skills}",
    "type: com.docker.sandbox/agent-skills@1, config: {path: /home/agent/.b/skills, mode: readwrite}",
  ]);
  kit("elevated", ["type: com.docker.sandbox/privileged@1"]);
  mixin(
    "storage",
    [
      "type: com.docker.sandbox/volume@1, config: {path: '${{ kit.args.path }}', size: '${{ kit.args.size }}', mode: '0700'}",
      "group: {name: feature, optional: true, capabilities: [{type: com.docker.sandbox/volume@1, config: {path: /var/tmp/feature}}, {type: com.docker.sandbox/lifecycle@1, config: {files: [{path: /home/agent/feature, content: x}]}}]}",
      "type: com.docker.sandbox/git-identity@1, optional: true",
    ],
    "args: {path: {default: /var/tmp/kept}, size: {default: 1g}}",
  );
  const inject = "inject: [{domain: example.com, header: Authorization, format: 'Bearer %s'}]";
  mixin("token", [
    "type: com.docker.sandbox/network-policy@1, config: {runtime: {allow: [example.com]}}",
    `type: com.docker.sandbox/credential@1, config: {service: kit-tck, phase: runtime, apiKey: {name: KIT_TCK_TOKEN, ${inject}}}`,
  ]);
  mixin("identity", ["type: com.docker.sandbox/git-identity@1"]);
  mixin("signer", ["type: com.docker.sandbox/ssh-agent@1, config: {phase: runtime}"]);
}, 900_000);
afterAll(() => host[Symbol.asyncDispose]());

function kit(name: string, items: readonly string[]): void {
  const directory = path.join(kits, name);
  mkdirSync(directory, { recursive: true });
  const capabilities = items.length === 0 ? "" : `capabilities:\n${items.map((item) => `  - {${item}}\n`).join("")}`;
  writeFileSync(path.join(directory, `${name}.yaml`), `schemaVersion: "3"\nkind: workload\n${capabilities}`);
  writeFileSync(path.join(directory, `${name}.dockerfile`), RECIPE.replace("plain.yaml", `${name}.yaml`));
}

/** A Kit that only declares. */
function mixin(name: string, items: readonly string[], more = ""): void {
  const directory = path.join(kits, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, `${name}.yaml`), `schemaVersion: "3"\nkind: mixin\n${more}\ncapabilities:\n${items.map((item) => `  - {${item}}\n`).join("")}`);
}

/** Call the adapter as the suite does: with an environment of false values that must turn up nowhere. */
function call(...words: readonly string[]): Promise<ProgramResult> {
  const env = {
    KIT_TCK_HOST_SENTINEL: SENTINEL,
    KIT_TCK_BOUND_SECRET: SECRET,
    TERM: SENTINEL,
    HOSTNAME: SENTINEL,
    HOME: `/tmp/${SENTINEL}`,
    PATH: `/tmp/${SENTINEL}:/usr/bin:/bin`,
    SBX_STATE_DIR: `/tmp/${SENTINEL}`,
  };
  return runProgram(adapter, words, { cwd: "/", env });
}

/** What a command in the sandbox says, as soon as it says so. */
async function until(id: string, script: string, wanted: string): Promise<string> {
  for (;;) {
    const { stdout } = await call("exec", id, "--", "sh", "-c", script);
    if (stdout === wanted) return stdout;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}

describe("the adapter of the format's suite, against a daemon", () => {
  it("binds the suite's secret, of which a sandbox sees a placeholder alone", { timeout: 900_000 }, async ({ expect }) => {
    const made = await call("create", path.join(kits, "plain"), path.join(kits, "token"));
    expect([made.code, made.stderr]).toEqual([0, ""]);
    const id = made.stdout.trim();
    const seen = await call("exec", id, "--", "sh", "-c", 'env; cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"');
    expect(seen.stdout).toMatch(/^KIT_TCK_TOKEN=[0-9a-f]{48}$/m);
    expect(seen.stdout).not.toContain(SECRET);
    const { selection } = JSON.parse((await call("selection", id)).stdout) as { readonly selection: { readonly skipped: unknown } };
    expect(selection.skipped).toEqual([]);
    expect((await call("rm", id)).code).toBe(0);
  });

  it("carries a sandbox through its life, with nothing of its own environment in it", { timeout: 900_000 }, async ({ expect }) => {
    const made = await call("create", path.join(kits, "plain"), "--name", "alias", "--env", "GIVEN=by the suite");
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^tck-[0-9a-f]{12}\n$/)]);
    const id = made.stdout.trim();
    expect(await until(id, "cat /var/tmp/starts", "started\n")).toBe("started\n");

    expect(await call("exec", id, "--", "sh", "-c", 'echo out; echo err >&2; echo "$GIVEN $(id -u)"; exit 41', "; touch /tmp/x")).toEqual({
      code: 41,
      stdout: "out\nby the suite 1000\n",
      stderr: "err\n",
    });
    expect((await call("exec", id, "--", "sh", "-c", "env; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'")).stdout).not.toContain(SENTINEL);
    expect(await call("status", id)).toMatchObject({ code: 0, stdout: "running\n" });
    expect(await call("volume-paths", id)).toMatchObject({ code: 0, stdout: '["/data/kept"]\n' });

    expect((await call("exec", id, "--", "cat", "/usr/local/bin/PLAIN", "/opt/modes", "/opt/python")).stdout).toBe("started as written\n755 root 755 root 500 agent \nby python\n");
    expect((await call("exec", id, "--", "sh", "-c", "cd; ls .a/skills; touch .a/skills/x || echo kept; touch .b/skills/by-agent; ls .a/skills")).stdout).toBe(
      "kit-tck-marker-skill\nkept\nby-agent\nkit-tck-marker-skill\n",
    );
    expect((await call("exec", id, "--", "cat", "/opt/root")).stdout).not.toContain(".sbx");

    const before = await host.sandboxes();
    const refused = await call("recreate", id, path.join(kits, "elevated"));
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("privileged@1")]);
    expect((await host.sandboxes()).map((one) => one.id)).toEqual(before.map((one) => one.id));
    expect((await call("exec", id, "--", "cat", "/var/tmp/starts")).stdout).toBe("started\n");

    expect((await call("stop", id)).code).toBe(0);
    expect(await call("status", id)).toMatchObject({ code: 0, stdout: "stopped\n" });
    expect((await call("start", id)).code).toBe(0);
    await until(id, "cat /var/tmp/starts", "started\nstarted\n");

    expect((await call("recreate", id)).code).toBe(0);
    await until(id, "cat /var/tmp/starts", "started\n");
    expect((await host.sandboxes()).map((one) => one.id)).toEqual(before.map((one) => one.id));

    expect((await call("rm", id)).code).toBe(0);
    expect(await host.sandboxes()).toEqual([]);
    expect(await host.remains()).toEqual([]);
    expect((await call("status", id)).code).toBe(1);
    expect(await call("volume-paths", id)).toMatchObject({ code: 0, stdout: "[]\n" });
    expect(existsSync(`/tmp/${SENTINEL}`)).toBe(false);
  });

  it(
    "tells what was selected, and decides anew when the sandbox is made anew; volumes stay, what is refused changes nothing, and nobody asks its own memory",
    { timeout: 900_000 },
    async ({ expect }) => {
      const [plain, storage] = ["plain", "storage"].map((name) => path.join(kits, name));
      const identity = path.join(host.home, "identity.gitconfig");
      writeFileSync(identity, "[user]\n\tname = Tess Suite\n\temail = tess@example.invalid\n[alias]\n\tleak = status\n");
      const volume = "com.docker.sandbox/volume@1";
      const made = await call("create", plain ?? "", storage ?? "", "--git-identity-config", identity, "--reject-capability", "com.docker.sandbox/lifecycle@1");
      expect([made.code, made.stderr]).toEqual([0, ""]);
      const id = made.stdout.trim();
      const told = async (): Promise<{ readonly paths: unknown; readonly skipped: unknown; readonly surface: { readonly storagePaths?: unknown } }> => {
        const { selection, surface } = JSON.parse((await call("selection", id)).stdout) as {
          readonly selection: Record<"selected" | "skipped", readonly { readonly source: { readonly kit: string; readonly path: string } }[]>;
          readonly surface: object;
        };
        return { paths: selection.selected.filter(({ source }) => source.kit === storage).map(({ source }) => source.path), skipped: selection.skipped, surface };
      };
      const skipped = {
        path: "capabilities[1]",
        name: "feature",
        source: { kit: storage, path: "capabilities[1]" },
        members: ["capabilities[1].group.capabilities[0]", "capabilities[1].group.capabilities[1]"],
        memberSources: [0, 1].map((member) => ({ kit: storage, path: `capabilities[1].group.capabilities[${member}]` })),
        rejected: ["capabilities[1].group.capabilities[1]"],
        decisions: [{ accepted: true }, { accepted: false, message: expect.any(String) as string }],
      };
      expect(await told()).toEqual({
        paths: ["capabilities[0]", "capabilities[2]"],
        skipped: [skipped],
        surface: expect.objectContaining({ storagePaths: ["/data/kept", "/scratch", "/var/tmp/kept"] }),
      });

      const script = "echo mine > /var/tmp/kept/f && chmod 600 /var/tmp/kept/f && echo mine > /var/tmp/layer && echo mine > ~/layer && git config --global user.name && git config --global alias.leak";
      expect(await call("exec", id, "--", "sh", "-c", script)).toMatchObject({ code: 1, stdout: "Tess Suite\n" });
      for (const otherwise of [
        ["--arg", "size=2g"],
        ["--arg", "size="],
        [plain ?? "", path.join(kits, "elevated")],
      ])
        expect((await call("recreate", id, ...otherwise)).code).toBe(2);
      expect((await call("exec", id, "--", "cat", "/var/tmp/layer")).stdout).toBe("mine\n");

      writeFileSync(identity, "[user]\n\tname = Other\n\temail = other@example.invalid\n");
      expect((await call("selection-policy", id)).code).toBe(0);
      for (const verb of ["stop", "start"]) expect((await call(verb, id)).code).toBe(0);
      expect((await told()).skipped).toEqual([skipped]);
      expect((await call("recreate", id)).code).toBe(0);
      expect(await told()).toMatchObject({ paths: ["capabilities[0]", "capabilities[1]", "capabilities[2]"], skipped: [] });
      const after = "cat /var/tmp/kept/f; stat -c %a /var/tmp/kept /var/tmp/kept/f; ls /var/tmp/layer ~/layer 2>/dev/null; git config --global user.name; cat ~/feature";
      expect((await call("exec", id, "--", "sh", "-c", after)).stdout).toBe("mine\n700\n600\nTess Suite\nx");

      expect((await call("selection-policy", id, "--reject-capability", volume)).code).toBe(0);
      expect((await call("recreate", id)).code).toBe(2);
      expect((await call("selection-policy", id)).code).toBe(0);
      expect((await call("recreate", id, plain ?? "")).code).toBe(0);
      expect((await call("exec", id, "--", "sh", "-c", "grep -c /var/tmp /proc/self/mountinfo; ls /var/tmp/kept")).code).not.toBe(0);
      expect(await call("volume-paths", id)).toMatchObject({ code: 0, stdout: '["/data/kept","/var/tmp/feature","/var/tmp/kept"]\n' });
      expect((await call("recreate", id, plain ?? "", storage ?? "")).code).toBe(0);
      expect((await call("exec", id, "--", "cat", "/var/tmp/kept/f")).stdout).toBe("mine\n");
      expect((await call("rm", id)).code).toBe(0);
      expect(await call("volume-paths", id)).toMatchObject({ stdout: "[]\n" });
    },
  );

  it("refuses a Kit that requires an identity for commits where there is none, and has a daemon of its own for another store of skills", { timeout: 900_000 }, async ({ expect }) => {
    const [plain, identity] = ["plain", "identity"].map((name) => path.join(kits, name));
    const partial = path.join(host.home, "partial.gitconfig");
    writeFileSync(partial, "[user]\n\tname = Nobody\n");
    for (const from of ["off", partial]) {
      const { code, stdout, stderr } = await call("create", plain ?? "", identity ?? "", "--git-identity-config", from);
      expect([code, stdout, stderr]).toEqual([2, "", expect.stringMatching(/"identity" requires com\.docker\.sandbox\/git-identity@1 \(capabilities\[0\]\)/)]);
    }
    const { stdout } = await call("create", plain ?? "", "--skills-host-store", "empty", "--git-identity-config", "off");
    const id = stdout.trim();
    expect(await call("exec", id, "--", "sh", "-c", "ls -A ~/.a/skills 2>/dev/null; git config --global user.name; :")).toMatchObject({ code: 0, stdout: "" });
    expect(await host.sandboxes()).toEqual([]);
    expect(existsSync(path.join(host.home, "work/empty/state/sbxd.sock"))).toBe(true);
    expect((await call("rm", id)).code).toBe(0);
    expect(existsSync(path.join(host.home, "work/empty/state/sbxd.sock"))).toBe(false);
  });

  it("gives the SSH agent that the suite names where a Kit asks for it, and refuses such a Kit where it names none", { timeout: 900_000 }, async ({ expect }) => {
    const [plain, signer] = ["plain", "signer"].map((name) => path.join(kits, name));
    const [socket, known] = [path.join(host.home, "agent.sock"), path.join(host.home, "known_hosts")];
    writeFileSync(known, "");
    // Its agent has no keys.
    const agent = createServer((client) => client.on("data", () => client.write(Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0])))).listen(socket);
    const none = await call("create", plain ?? "", signer ?? "");
    expect([none.code, none.stdout, none.stderr]).toEqual([2, "", expect.stringMatching(/"signer" requires com\.docker\.sandbox\/ssh-agent@1 \(capabilities\[0\]\)/)]);
    for (const [references, keys] of [
      [[plain ?? "", signer ?? ""], "The agent has no identities.\n"],
      [[plain ?? ""], ""],
    ] as const) {
      const id = (await call("create", ...references, "--ssh-agent", socket, "--ssh-known-hosts", known)).stdout.trim();
      expect((await call("exec", id, "--", "ssh-add", "-l")).stdout).toBe(keys);
      expect((await call("rm", id)).code).toBe(0);
    }
    agent.close();
  });

  it("ends with 2 for a requirement that is not claimed, names it, and leaves nothing", async ({ expect }) => {
    const { code, stdout, stderr } = await call("create", path.join(kits, "elevated"));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("com.docker.sandbox/privileged@1");
    expect(await host.sandboxes()).toEqual([]);
  });

  it.for([["made-up"], ["create"], ["exec", "tck-000000000000", "--", "true"], ["rm", "../../x"]])("ends with 1, not 2, for what is no refusal of the runtime: %j", async (words, { expect }) => {
    expect((await call(...words)).code).toBe(1);
  });
});
