import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, patiently, type Host } from "../src/open-host.ts";
import { spellings } from "../src/spellings.ts";

/** Each is nowhere else in the world: whoever finds one has found a leak. */
const KEYS = {
  first: "sk-ant-api03-e2e-first/value+0f1e2d3c4b5a69788796",
  rotated: "sk-ant-api03-e2e-rotated/value+19283746556473829",
  brave: "BSA-e2e-for-a-server/value+abcdefabcdef0123",
  before: "AIza-e2e-kept-by-an-earlier-version-44556677",
} as const;

/** A workload without an agent that is given a provider's model. */
const KIT = `# syntax=docker/sandbox-kit:3
schemaVersion: "3"
kind: workload
displayName: Asker
version: "1.0.0"
provides: ["asker"]
capabilities:
  - type: com.docker.sandbox/network-policy@1
    config: { runtime: { allow: ["api.anthropic.com:443"] } }
  - type: com.docker.sandbox/credential@1
    optional: true
    config:
      service: anthropic
      phase: runtime
      apiKey: { name: ANTHROPIC_API_KEY, inject: [{ domain: api.anthropic.com, header: x-api-key, format: "%s" }] }
  - type: dev.sbx/agent@1
    optional: true
    config:
      model: { service: anthropic, baseUrl: { env: ANTHROPIC_BASE_URL, value: "\${modelUrl}" } }
`;

const NEEDLES = Object.entries(KEYS).flatMap(([name, key]) => spellings(key).map((needle) => ({ name, needle })));
const keysIn = (text: string): readonly string[] => [...new Set(NEEDLES.filter(({ needle }) => text.includes(needle)).map(({ name }) => name))];

function keysBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const file = path.join(entry.parentPath, entry.name);
    return entry.isFile() ? keysIn(readFileSync(file, "latin1")).map((name) => `${name} in ${path.relative(directory, file)}`) : [];
  });
}

/** Command lines of all processes of the machine, and their environments as far as they may be read. */
function keysInProcesses(): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => ["cmdline", "environ"].flatMap((what) => keysIn(read(`/proc/${pid}/${what}`)).map((name) => `${name} in ${what} of ${read(`/proc/${pid}/comm`)}`)));
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

let host: Host;
beforeAll(() => {
  host = openHost();
  mkdirSync(path.join(host.stateDirectory, "secrets"), { recursive: true, mode: 0o700 });
  writeFileSync(path.join(host.stateDirectory, "secrets", "google"), KEYS.before, { mode: 0o600 });
});
afterAll(() => host[Symbol.asyncDispose](), 60_000);

/** Run `sbx` with a value on its stdin, and look at all processes while it waits for it. */
async function giving(args: readonly string[], value: string): Promise<{ readonly code: number; readonly said: string; readonly seen: readonly string[] }> {
  const [node, script] = host.launcher;
  const child = spawn(node, [script, ...args], { env: host.env, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stdin.write(value);
  const seen = new Set<string>();
  for (let turn = 0; turn < 10; turn += 1) {
    for (const one of keysInProcesses()) seen.add(one);
    await patiently(20, () => false);
  }
  child.stdin.end();
  const ended = once(child, "close");
  while (child.exitCode === null && child.signalCode === null) {
    for (const one of keysInProcesses()) seen.add(one);
    await Promise.race([ended, patiently(5, () => false)]);
  }
  return { code: child.exitCode ?? -1, said, seen: [...seen] };
}

describe("a secret", () => {
  it("is found by this search wherever it lies in the open", ({ expect }) => {
    for (const key of Object.values(KEYS)) {
      for (const text of [key, `user:${key}`, `xx${key}yy`]) {
        for (const form of [text, Buffer.from(text).toString("base64"), Buffer.from(text).toString("hex"), encodeURIComponent(text), JSON.stringify({ text })])
          expect(keysIn(form).length, form).toBe(1);
      }
    }
  });

  it("that is set, used and given anew lies nowhere but encrypted: not in state, logs, events, containers or processes", async ({ expect }) => {
    for (const [args, value] of [
      [["secret", "set", "anthropic"], KEYS.first],
      [["secret", "set", "brave.api_key"], KEYS.brave],
      [["secret", "rotate", "anthropic"], KEYS.rotated],
    ] as const) {
      const { code, said, seen } = await giving(args, value);
      expect({ code, keys: keysIn(said), seen }).toEqual({ code: 0, keys: [], seen: [] });
    }

    const kit = path.join(host.home, "asker");
    mkdirSync(kit);
    writeFileSync(path.join(kit, "kit.yaml"), KIT);
    writeFileSync(path.join(kit, "kit.dockerfile"), 'ARG SBX_BASE\nFROM ${SBX_BASE}\nUSER agent\nCMD ["/bin/bash", "-l"]\n');
    const made = await host.sbx(["create", "-q", "--model", "provider", "--name", "asker", kit], { cwd: await host.project("asked") });
    expect(made.code, made.stderr).toBe(0);
    const ask =
      'curl -sS -m 40 -o /dev/null -w "%{http_code}" -H "x-api-key: $ANTHROPIC_API_KEY" -H "content-type: application/json" -d \'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hello"}]}\' http://model.sbx.internal/anthropic/v1/messages';
    const asked = host.sbx(["exec", "asker", "sh", "-c", `${ask}; env; tar c -C ~ . 2>/dev/null; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline`]);
    const seen = new Set<string>();
    const ended = asked.then(() => true);
    do {
      for (const one of keysInProcesses()) seen.add(one);
    } while (!(await Promise.race([ended, patiently(50, () => false)])));
    const inside = await asked;
    const sandbox = await host.sandbox("asker");
    const listed = await host.sbx(["secret", "ls", "--json"]);
    // The key was used for that question, whatever became of it: without a network it ends at the daemon.
    const secrets = JSON.parse(listed.stdout) as readonly { readonly name: string; readonly source: string; readonly lastUsedAt?: string }[];
    expect(secrets.find(({ name }) => name === "anthropic")?.lastUsedAt).toMatch(/^\d{4}-/);
    expect(secrets.map(({ name, source }) => `${name} ${source}`)).toEqual(["anthropic vault", "brave.api_key vault", "google vault"]);
    expect(inside.stdout).toContain("ANTHROPIC_API_KEY=sk-ant-api03-");

    const containers = await host.containersOf(sandbox.id);
    expect(containers.length).toBeGreaterThan(1);
    const texts = {
      inside: inside.stdout + inside.stderr,
      containers: (await Promise.all(containers.map(({ Id }) => host.inspect(Id)))).join(""),
      events: JSON.stringify(await host.events()),
      log: (await host.sbx(["daemon", "logs"])).stdout,
      listed: listed.stdout + (await host.sbx(["secret", "ls"])).stdout + (await host.sbx(["doctor"])).stdout,
      inspected: (await host.sbx(["inspect", "asker"])).stdout,
    };
    for (const [where, text] of Object.entries(texts)) {
      expect(text.length, where).toBeGreaterThan(50);
      expect(keysIn(text), where).toEqual([]);
    }
    expect(texts.events).toContain("secret.changed");
    expect([...seen]).toEqual([]);
    expect(keysBelow(host.stateDirectory)).toEqual([]);
    expect(keysBelow(host.home)).toEqual([]);
    expect(statSync(path.join(host.stateDirectory, "vault")).size).toBeGreaterThan(200);
  }, 300_000);

  it("that a vault without its key holds is asked for nowhere else, and the vault stays as it is", async ({ expect }) => {
    const [vault, keyFile] = [path.join(host.stateDirectory, "vault"), path.join(host.stateDirectory, "vault.key")];
    const [bytes, key] = [readFileSync(vault), readFileSync(keyFile)];
    const cwd = await host.project("locked");
    writeFileSync(keyFile, `${"0".repeat(64)}\n`);
    try {
      for (const args of [
        ["secret", "ls"],
        ["secret", "rm", "anthropic"],
        ["create", "-q", "--model", "auto", "--name", "other", path.join(host.home, "asker")],
      ]) {
        const { code, stderr } = await host.sbx(args, { cwd });
        expect(code, args.join(" ")).toBe(125);
        expect(stderr, args.join(" ")).toContain("code: VAULT_LOCKED");
      }
      expect((await host.sbx(["doctor"])).stdout).toMatch(/^fail {2}vault +The vault .* stays locked/m);
      expect(readFileSync(vault).equals(bytes)).toBe(true);
    } finally {
      writeFileSync(keyFile, key);
    }
    expect((await host.sbx(["secret", "ls"])).code).toBe(0);
  }, 120_000);
});
