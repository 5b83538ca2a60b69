import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import path from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, patiently, type Host } from "../src/open-host.ts";

const HAS_OPENSSH = ["ssh-agent", "ssh-add", "ssh-keygen"].every((program) => spawnSync(program, ["-?"]).error === undefined);

let host: Host;
let cwd: string;
let agent: ChildProcess;
/** Servers of SSH on this machine, which let the person's key in. */
const servers: ssh2.Server[] = [];
const at = (name: string): string => path.join(host.home, name);

beforeAll(async () => {
  if (!HAS_OPENSSH) return;
  host = openHost({ SBX_KEEP_READY: "no" });
  cwd = await host.project("desk", 1234);
  for (const name of ["person", "known-host", "other-host"]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ann@laptop", "-f", at(name)]);
  agent = spawn("ssh-agent", ["-D", "-a", at("agent.sock")], { stdio: "ignore" });
  await patiently(10_000, () => existsSync(at("agent.sock")));
  execFileSync("ssh-add", ["-q", at("person")], { env: { ...process.env, SSH_AUTH_SOCK: at("agent.sock") } });
  writeFileSync(at("known_hosts"), `git.example ${publicKey("known-host")}\n`);
  writeFileSync(path.join(cwd, "person.pub"), `${publicKey("person")} ann@laptop\n`);
}, 600_000);
afterAll(async () => {
  if (!HAS_OPENSSH) return;
  for (const server of servers) server.close();
  agent.kill();
  await host[Symbol.asyncDispose]();
}, 60_000);

/** Type and key, without the comment. */
function publicKey(name: string): string {
  return readFileSync(at(`${name}.pub`), "utf8")
    .split(" ", 2)
    .join(" ");
}

/** What the person's agent has. */
function keysOutside(): string {
  return execFileSync("ssh-add", ["-L"], { encoding: "utf8", env: { ...process.env, SSH_AUTH_SOCK: at("agent.sock") } });
}

/** A server of SSH that lets in who signs with the person's key, as any user, and says so. Resolves with its port. */
async function serverWith(hostKey: string): Promise<number> {
  const person = ssh2.utils.parseKey(readFileSync(at("person.pub")));
  if (person instanceof Error) throw person;
  const server = new ssh2.Server({ hostKeys: [readFileSync(at(hostKey))] }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      if (context.method !== "publickey" || !context.key.data.equals(person.getPublicSSH())) return context.reject(["publickey"]);
      if (context.signature === undefined || context.blob === undefined) return context.accept();
      return person.verify(context.blob, context.signature) ? context.accept() : context.reject();
    });
    client.on("session", (accept) =>
      accept().on("exec", (begin) => {
        const stream = begin();
        stream.write("let in\n");
        stream.exit(0);
        stream.end();
      }),
    );
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

function mixin(name: string, config: object, install: readonly object[] = []): string {
  const directory = path.join(host.home, "kits", name);
  mkdirSync(directory, { recursive: true });
  const hooks = install.length === 0 ? [] : [{ type: "com.docker.sandbox/lifecycle@1", config: { install } }];
  writeFileSync(path.join(directory, "kit.yaml"), JSON.stringify({ schemaVersion: "3", kind: "mixin", capabilities: [{ type: "com.docker.sandbox/ssh-agent@1", config }, ...hooks] }));
  return directory;
}

const BOUNDED = { phase: "runtime", unrestricted: false, sign: ["git"], authenticate: ["git@git.example"] };
const create = (name: string, ...args: readonly string[]) => host.sbx(["create", "-q", "--name", name, ...args, "shell"], { cwd });
const inside = async (name: string, script: string) => {
  const { code, stdout } = await host.sbx(["exec", name, "sh", "-c", script]);
  return { code, stdout };
};
const given = (): readonly string[] => [`--ssh-agent=${at("agent.sock")}`, "--ssh-known-hosts", at("known_hosts")];

describe.skipIf(!HAS_OPENSSH)("a real SSH agent in a sandbox (where this machine has OpenSSH)", () => {
  it("is not there without a grant, nor without the person's word", { timeout: 600_000 }, async ({ expect }) => {
    const kit = mixin("bounded", BOUNDED);
    const unsaid = await create("unsaid", "--kit", kit);
    expect([unsaid.code === 0, unsaid.stderr]).toEqual([false, expect.stringMatching(/com\.docker\.sandbox\/ssh-agent@1.*--ssh-agent/)]);
    const optional = mixin("only-hooks", { phase: "install" }, [
      { command: "ssh-add -L > ~/hook-keys", user: "agent", env: ["SSH_AUTH_SOCK"] },
      { command: 'echo "[$SSH_AUTH_SOCK]" > ~/unnamed', user: "agent" },
    ]);
    const made = await create("hooks", ...given(), "--kit", optional);
    expect([made.code, made.stderr]).toEqual([0, ""]);
    expect((await inside("hooks", 'cat ~/hook-keys ~/unnamed; echo "[$SSH_AUTH_SOCK]"; find /.sbx -type s')).stdout).toBe(`${publicKey("person")} ann@laptop\n[]\n[]\n`);
    await host.sbx(["rm", "--force", "hooks"]);
  });

  it("signs and logs in within its bounds, at every start and after the daemon's, and is never changed", { timeout: 900_000 }, async ({ expect }) => {
    const [known, other] = [await serverWith("known-host"), await serverWith("other-host")];
    const made = await create("box", ...given(), "--kit", mixin("bounded", BOUNDED), "--allow-host-port", String(known), "--allow-host-port", String(other));
    expect([made.code, made.stderr]).toEqual([0, ""]);
    const key = path.join(cwd, "person.pub");
    const sign = (namespace: string) => inside("box", `echo text | ssh-keygen -q -Y sign -n ${namespace} -f ${key} 2>/dev/null | head -1`);
    const logIn = (port: number, user = "git") =>
      inside("box", `ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p ${port} ${user}@host.docker.internal true 2>/dev/null`);
    const works = async (): Promise<void> => {
      expect(await inside("box", "ssh-add -L")).toEqual({ code: 0, stdout: `${publicKey("person")} ann@laptop\n` });
      expect((await sign("git")).stdout).toBe("-----BEGIN SSH SIGNATURE-----\n");
      expect(await logIn(known)).toEqual({ code: 0, stdout: "let in\n" });
    };
    await works();
    expect((await sign("file")).stdout).toBe("");
    for (const refused of [await logIn(other), await logIn(known, "root")]) expect(refused).toEqual({ code: 255, stdout: "" });
    for (const change of ["ssh-add -D", "ssh-add -x </dev/null", "ssh-keygen -q -t ed25519 -N '' -f ~/own && ssh-add -q ~/own"])
      expect((await inside("box", `{ ${change}; } >/dev/null 2>&1`)).code).not.toBe(0);
    expect(keysOutside()).toBe(`${publicKey("person")} ann@laptop\n`);
    expect((await inside("box", `grep -r git.example ${cwd} /etc/ssh ~ 2>/dev/null`)).stdout).toBe("");

    for (const verb of ["stop", "start"]) expect((await host.sbx([verb, "box"])).code).toBe(0);
    await works();
    await host.sbx(["daemon", "stop"]);
    await works();

    const events = (await host.events()).filter(({ type }) => type.startsWith("ssh."));
    expect(events.map(({ fields }) => fields["purpose"])).toEqual(expect.arrayContaining(["signature for git", "login git@git.example"]));
    expect(events.map(({ fields }) => fields["reason"])).toEqual(
      expect.arrayContaining(["signatures for file are not granted", "no host that git may log in to is known by this key", "message 19 does not pass"]),
    );
    expect(JSON.stringify(events)).not.toContain(publicKey("person").split(" ")[1]);
    await host.sbx(["rm", "--force", "box"]);
  });
});
