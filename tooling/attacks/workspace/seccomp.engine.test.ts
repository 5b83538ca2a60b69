import { randomBytes } from "node:crypto";
import { workloadSeccomp } from "@sbx/core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { equip, type Equipment } from "./lab.ts";

/** Numbers of calls on x86_64 and aarch64. Perl, because Debian's smallest Python has no way to make a raw call. */
const CALLS: Readonly<Record<string, readonly [number, number]>> = {
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  io_uring_setup: [425, 425],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  mount_setattr: [442, 442],
  unshare: [272, 97],
  setns: [308, 268],
  chroot: [161, 51],
  init_module: [175, 105],
  finit_module: [313, 273],
  kexec_load: [246, 104],
  open_by_handle_at: [304, 265],
  fanotify_init: [300, 262],
  quotactl: [179, 60],
  swapon: [167, 224],
  reboot: [169, 142],
  syslog: [103, 116],
  settimeofday: [164, 170],
  acct: [163, 89],
  process_madvise: [440, 440],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  move_pages: [279, 239],
};
const ABSENT_CALLS: Readonly<Record<string, readonly [number, number]>> = { openat2: [437, 437], clone3: [435, 435], fchmodat2: [452, 452] };
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, each with SIGCHLD. */
const NAMESPACE_FLAGS = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000].map((flag) => flag | 17);
/** AF_VSOCK, AF_ALG, AF_PACKET, AF_BLUETOOTH, AF_KEY, AF_XDP, AF_TIPC. */
const FAMILIES = [40, 38, 17, 31, 15, 44, 30];
const EPERM = 1;
const ENOSYS = 38;

/** A Perl program that makes each call and prints its errno, or "allowed", one on a line. */
function probe(calls: readonly (readonly number[])[]): string {
  return calls.map((call) => `$! = 0; $r = syscall(${[...call, 0, 0, 0, 0, 0, 0].slice(0, 7).join(", ")}); exit 0 if $r == 0 && $$ != $first; print $r == -1 ? $! + 0 : "allowed", "\\n";`).join("\n");
}

const WORK = `set -e
node -e 'const {Worker}=require("worker_threads"),fs=require("fs");new Worker("0",{eval:true}).on("exit",()=>{fs.promises.readdir("/usr").then(l=>{if(l.length<3)process.exit(1)});require("child_process").execFileSync("true")})'
git init -q r; cd r; git -c user.name=a -c user.email=b commit -qm x --allow-empty; git gc -q; cd ..
python3 -c 'import threading; t=threading.Thread(target=print); t.start(); t.join()'
printf 'all:\\n\\techo made > m\\n' > Makefile; make -s; test -s m
tar -cf t.tar r; mkdir o; tar -C o -xpf t.tar; cp -a r c; chmod 700 c; chmod 1777 o; install -m 755 m i; mkfifo f; mkdir -m 700 p; ln m l; ln -s m s; touch -d 2020-01-01 m; truncate -s 5 m; xz -kc t.tar | xz -d | cmp - t.tar
timeout 5 sleep 0.1; (sleep 0.1 & wait); echo ok | rg ok; curl -s file:///etc/hostname > /dev/null; jq -n 1 > /dev/null; ps > /dev/null; ssh -V 2> /dev/null
python3 -c 'import socket; [socket.socket(f,t).close() for f,t in ((1,1),(2,1),(10,1),(2,2),(16,3))]'
echo done`;

describe("the seccomp profile of workloads", () => {
  let equipment: Equipment;
  beforeAll(async () => {
    equipment = await equip();
  }, 600_000);
  afterAll(async () => {
    await equipment.remove();
  });

  /** Run a command in a fresh container without capabilities, under the profile. */
  async function run(command: readonly string[]): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
    const { engine, image } = equipment;
    const id = await engine.create({
      name: `sbx-attack-${randomBytes(6).toString("hex")}`,
      image,
      command: ["sleep", "600"],
      env: {},
      labels: { "dev.sbx.owner": `test-attacks-${process.pid}`, "dev.sbx.role": "probe" },
      user: "1000:1000",
      workdir: "/tmp",
      mounts: [],
      network: { kind: "none", hostname: "jail", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
      capabilities: [],
      readonlyRoot: false,
      seccomp: workloadSeccomp(),
      limits: { pids: 256 },
    });
    try {
      await engine.start(id);
      return await engine.run(id, { command, env: { HOME: "/tmp", PATH: "/usr/local/bin:/usr/bin:/bin" }, user: "1000:1000", workdir: "/tmp" });
    } finally {
      await engine.remove(id);
    }
  }

  test("ordinary programs work", async ({ expect }) => {
    const { exitCode, stdout, stderr } = await run(["bash", "-c", WORK]);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout.trim().split("\n").at(-1)).toBe("done");
  });

  test("calls that reach the kernel or other namespaces are denied", async ({ expect }) => {
    const arm = (await run(["uname", "-m"])).stdout.trim() === "aarch64";
    const number = ([x86, aarch]: readonly [number, number]): number => (arm ? aarch : x86);
    const denied = [...Object.values(CALLS).map((call) => [number(call)]), ...NAMESPACE_FLAGS.map((flags) => [number([56, 220]), flags]), ...FAMILIES.map((family) => [number([41, 198]), family, 1])];
    const ask = async (calls: readonly (readonly number[])[]): Promise<readonly (readonly [string, string])[]> => {
      const { stdout, stderr } = await run(["perl", "-e", `$first = $$; $| = 1;\n${probe(calls)}`]);
      expect(stderr).toBe("");
      return stdout
        .trim()
        .split("\n")
        .map((answer, index) => [String(calls[index]), answer] as const);
    };
    expect(await ask(denied)).toEqual(denied.map((call) => [String(call), String(EPERM)]));
    const absent = Object.values(ABSENT_CALLS).map((call) => [number(call)]);
    expect(await ask(absent)).toEqual(absent.map((call) => [String(call), String(ENOSYS)]));
  });
});
