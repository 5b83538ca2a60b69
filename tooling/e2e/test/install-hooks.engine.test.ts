import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import path from "node:path";
import * as z from "zod";
import { afterAll, beforeAll, describe, it } from "vitest";
import { askEngine } from "../src/engine-api.ts";
import { openHost, patiently, type Host } from "../src/open-host.ts";

/** Only the hooks of the Kit may reach the one, and nobody the other. */
const NAMED = "tool.example.org";
const UNNAMED = "install.example.org";

let host: Host;
let project: string;
let witness: Server;
let heard = 0;
beforeAll(async () => {
  host = openHost({ SBX_KEEP_READY: "no" });
  // Another number than the image's user has.
  project = await host.project("desk", 1234);
  witness = createServer((socket) => {
    heard += 1;
    socket.destroy();
  }).listen(0);
  await once(witness, "listening");
}, 600_000);
afterAll(async () => {
  witness.close();
  await host[Symbol.asyncDispose]();
}, 60_000);

interface Hook {
  readonly command: string | readonly string[];
  readonly user?: string;
  readonly env?: readonly string[];
}

/** A mixin of install hooks and of the hosts that they may reach. */
function mixin(name: string, hooks: readonly Hook[], allow: readonly string[] = []): string {
  const directory = path.join(host.home, "kits", name);
  mkdirSync(directory, { recursive: true });
  const network = allow.length === 0 ? [] : [{ type: "com.docker.sandbox/network-policy@1", config: { install: { allow } } }];
  const kit = {
    schemaVersion: "3",
    kind: "mixin",
    capabilities: [{ type: "com.docker.sandbox/lifecycle@1", config: { install: hooks } }, { type: "com.docker.sandbox/volume@1", config: { path: "/data" } }, ...network],
  };
  writeFileSync(path.join(directory, "kit.yaml"), JSON.stringify(kit));
  return directory;
}

const inside = async (script: string): Promise<string> => (await host.sbx(["exec", "hooked", "bash", "-c", script])).stdout;

/** Names of images that were made for single sandboxes. */
async function ownImages(): Promise<readonly string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: ["dev.sbx.image=hooks"] }));
  const images = z.array(z.object({ RepoTags: z.array(z.string()).nullable() })).parse(await askEngine("GET", `/images/json?filters=${filters}`, process.env["DOCKER_HOST"]));
  return images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name.startsWith("sbx/hooks:"));
}

/** Each line is an attempt and the error that it met; "done" would be a way out. */
const CALLS = `
import os, socket, stat
def attempt(name, act):
    try: act(); print(name, "done")
    except OSError as error: print(name, error.errno)
def write(file):
    with open(file, "a") as out: out.write("x")
attempt("chroot", lambda: os.chroot("/mnt"))
attempt("block", lambda: os.mknod("/opt/sda", stat.S_IFBLK | 0o666, os.makedev(8, 0)))
attempt("kmsg", lambda: os.mknod("/opt/kmsg", stat.S_IFCHR | 0o666, os.makedev(1, 11)))
attempt("hostname", lambda: socket.sethostname("evil"))
attempt("capability", lambda: os.setxattr("/opt/rootshell", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000")))
attempt("sysctl", lambda: write("/proc/sys/kernel/core_pattern"))
groups = "/sys/fs/cgroup/memory" if os.path.isdir("/sys/fs/cgroup/memory") else "/sys/fs/cgroup"
attempt("cgroup", lambda: os.mkdir(groups + "/evil"))
for family, kind, protocol in ((2, 3, 255), (2, 3, 1), (17, 3, 768), (17, 2, 768), (38, 5, 0), (40, 1, 0)):
    attempt("socket %d %d" % (family, kind), lambda: socket.socket(family, kind, protocol).close())
for file in ("/etc/hosts", "/etc/resolv.conf", "/.sbx/hold"): attempt(file, lambda: write(file))
`;
const COMMANDS = `
try() { if ! command -v "$1" >/dev/null; then echo "$1 absent"; elif "$@" >/dev/null 2>&1; then echo "$* done"; else echo "$* 1"; fi; }
try mount -t tmpfs none /mnt
try mount --bind / /mnt
try mount -o remount,rw /proc/sys
try unshare -r true
try unshare -m true
try nsenter -t 1 -n true
`;
const ATTEMPTS = 22;

/** What a hook of root leaves behind to be used later, and what it looks at. */
const ROOT_HOOK = (addresses: readonly string[], port: number): string => `set -e
echo ran >> /opt/count
id -u > /opt/who
env | cut -d= -f1 | sort | tr '\\n' ' ' > /opt/env
grep -E '^(CapPrm|CapBnd|NoNewPrivs)' /proc/self/status > /opt/status
ls -A "$WORKSPACE_DIR" > /opt/workspace 2>&1 || true
mkdir -p "$WORKSPACE_DIR/planted"
printf '#!/bin/sh\\necho a tool\\n' > /usr/local/bin/tool; chmod 755 /usr/local/bin/tool
echo 'svc:x:990:990::/:/bin/false' >> /etc/passwd
mkdir /opt/mine; chown agent /opt/mine
stat -c %U /data > /data/owner
for shell in /opt/rootshell /home/agent/rootshell; do cp /bin/bash $shell; chmod 6755 $shell; done
python3 -c '${CALLS}' > /opt/tried
{ ${COMMANDS} } >> /opt/tried
for to in ${addresses.map((address) => `${address}/${String(port)}`).join(" ")}; do timeout 10 bash -c "exec 3<>/dev/tcp/$to; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; head -c1 <&3 >/dev/null" 2>/dev/null || true; done
for name in ${NAMED} ${UNNAMED}; do curl -s -m 20 -o /dev/null http://$name/ || true; done
(setsid sh -c 'while :; do date +%s%N > /home/agent/alive; sleep 0.1; done' >/dev/null 2>&1 </dev/null &)
until [ -s /home/agent/alive ]; do sleep 0.1; done
`;

describe("install hooks of root", () => {
  it("change the image before a session, and give none of it rights", { timeout: 900_000 }, async ({ expect }) => {
    const { port } = witness.address() as AddressInfo;
    const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).filter(({ family }) => family === "IPv4").map(({ address }) => address));
    const kit = mixin(
      "rooted",
      [
        { command: ROOT_HOOK([...own, "host.docker.internal"], port), env: ["WORKSPACE_DIR"] },
        { command: "set -e; id -u > ~/second; cat /opt/who >> ~/second; touch /opt/mine/x; ! touch /opt/y 2>/dev/null", user: "agent" },
      ],
      [`${NAMED}:80`],
    );
    const shown = await host.sbx(["kit", "inspect", "shell", "--kit", kit]);
    expect(shown.stdout).toContain(`as root in a container of their own, reach ${NAMED}:80`);
    const made = await host.sbx(["create", "-q", "--name", "hooked", "--kit", kit, "shell"], { cwd: project });
    expect({ code: made.code, stderr: made.stderr }).toMatchObject({ code: 0 });

    expect(await inside("cat /opt/who ~/second /opt/count /data/owner; tool; tail -n1 /opt/env; stat -c %U /opt/mine; grep -c ^svc: /etc/passwd")).toBe(
      "0\n1234\n0\nran\nagent\na tool\nHOME HOSTNAME PATH PWD WORKSPACE_DIR agent\n1\n",
    );
    // CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID.
    expect(await inside("cat /opt/status")).toBe("CapPrm:\t00000000000000cb\nCapBnd:\t00000000000000cb\nNoNewPrivs:\t1\n");
    const tried = (await inside("cat /opt/tried")).trim().split("\n");
    expect(tried).toHaveLength(ATTEMPTS);
    expect(tried.filter((line) => !/ (1|13|26|30|38|93|94|97)$/.test(line))).toEqual([]);

    // Neither bits nor what is left running outlives the hooks.
    expect(await inside("stat -c %a /opt/rootshell; /opt/rootshell -p -c 'id -u; id -g'; ~/rootshell -p -c 'id -u; id -g'; grep -E '^(CapPrm|NoNewPrivs)' /proc/self/status")).toBe(
      "6755\n1234\n1234\n1234\n1234\nCapPrm:\t0000000000000000\nNoNewPrivs:\t1\n",
    );
    expect(await inside("cat ~/alive > /tmp/before; sleep 1; cmp ~/alive /tmp/before && echo ended; cat /proc/[0-9]*/status 2>/dev/null | grep ^Uid: | sort -u")).toBe(
      "ended\nUid:\t1234\t1234\t1234\t1234\n",
    );

    // Nothing of the workspace, of this machine or of its network was seen.
    expect(await inside("cat /opt/workspace")).toContain("No such file");
    expect(readdirSync(project)).not.toContain("planted");
    expect(heard).toBe(0);
    const told = (await host.events()).filter(({ type, fields }) => type.startsWith("egress.") && fields["server"] === "install-hooks");
    const of = (name: string) => told.filter(({ fields }) => fields["to"] === name).map(({ type, fields }) => `${type} ${String(fields["reason"] ?? "")}`);
    expect(of(NAMED).filter((line) => !line.includes("no rule"))).not.toEqual([]);
    expect(told.filter(({ type }) => type === "egress.allowed").filter(({ fields }) => fields["to"] !== NAMED)).toEqual([]);
    expect((await host.sbx(["policy", "check", `${NAMED}:80`, "--sandbox", "hooked"])).code).toBe(1);
    await inside(`curl -s -m 20 -o /dev/null http://${NAMED}/`);
    const denied = (await host.events()).filter(({ type, fields }) => type === "egress.denied" && fields["to"] === NAMED && fields["server"] === undefined);
    expect(denied.map(({ fields }) => String(fields["reason"])).filter((reason) => reason.includes(`no rule allows ${NAMED}`))).not.toEqual([]);

    const containers = await host.containersOf((await host.sandbox("hooked")).id);
    expect(new Set(containers.map(({ Labels }) => Labels["dev.sbx.role"]))).toEqual(new Set(["gate", "workload"]));
  });

  it("run once, and their image goes with the sandbox", { timeout: 600_000 }, async ({ expect }) => {
    await host.sbx(["stop", "hooked"]);
    expect(await inside("cat /opt/count; tool")).toBe("ran\na tool\n");
    const { id } = await host.sandbox("hooked");
    const name = `sbx/hooks:${id.slice(4)}`;
    expect(await ownImages()).toContain(name);
    expect((await host.sbx(["rm", "--force", "hooked"])).code).toBe(0);
    expect(await ownImages()).not.toContain(name);
  });

  it("leave nothing when one of them fails, and the caller is told which", { timeout: 600_000 }, async ({ expect }) => {
    const [before, images] = [await host.remains(), await ownImages()];
    const kit = mixin("failing", [{ command: "(setsid sleep 3600 >/dev/null 2>&1 </dev/null &); touch /opt/half ~/half" }, { command: "echo no such thing >&2; exit 3", user: "0" }]);
    const made = await host.sbx(["create", "-q", "--name", "never", "--kit", kit, "shell"], { cwd: project });
    expect(made.code).not.toBe(0);
    for (const part of ["HOOK_FAILED", 'install[1] of Kit "failing" ended with code 3: no such thing']) expect(made.stderr).toContain(part);
    expect(await host.remains()).toEqual(before);
    expect(await ownImages()).toEqual(images);
    expect((await host.sandboxes()).map(({ name }) => name)).not.toContain("never");
  });

  it("leave nothing when the daemon is killed while they run", { timeout: 600_000 }, async ({ expect }) => {
    const [before, images] = [await host.remains(), await ownImages()];
    const kit = mixin("waiting", [{ command: "sleep 3600", user: "agent" }], [NAMED]);
    const making = host.sbx(["create", "-q", "--name", "cut", "--kit", kit, "shell"], { cwd: project });
    expect(await patiently(120_000, async () => (await host.remains()).some((one) => one.includes("sbx-hooks-")))).toBe(true);
    const { pid } = z.object({ pid: z.int().positive() }).parse(JSON.parse((await host.sbx(["daemon", "status", "--json"])).stdout));
    process.kill(pid, "SIGKILL");
    expect((await making).code).not.toBe(0);
    expect((await host.sandboxes()).map(({ name }) => name)).not.toContain("cut");
    expect(await host.remains()).toEqual(before);
    expect(await ownImages()).toEqual(images);
  });
});
