import { ALLOWED_CALLS } from "./allowed-calls.ts";

interface ArgumentRule {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  /** `MASKED_EQ`: (argument & value) === valueTwo. */
  readonly op: "SCMP_CMP_EQ" | "SCMP_CMP_MASKED_EQ";
}

interface CallRule {
  readonly names: readonly string[];
  readonly action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  readonly errnoRet?: number;
  readonly args?: readonly ArgumentRule[];
  readonly includes?: { readonly arches?: readonly string[]; readonly minKernel?: string };
}

/** A seccomp profile in the form that container engines read. */
export interface SeccompProfile {
  readonly defaultAction: "SCMP_ACT_ERRNO";
  readonly defaultErrnoRet: number;
  readonly archMap: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] }[];
  readonly syscalls: readonly CallRule[];
}

const EPERM = 1;
const ENOSYS = 38;
/** S_ISUID | S_ISGID. */
const SET_ID_BITS = 0o6000;
/** O_CREAT | __O_TMPFILE, the same on x86_64 and aarch64: only then `open` looks at its mode. */
const MAKES_A_FILE = 0o100 | 0o20000000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NEW_NAMESPACES = 0x7e020000;
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: AF_ALG, AF_VSOCK and every other family stays shut. */
const SOCKET_FAMILIES = [1, 2, 10, 16];
/** PER_LINUX, PER_LINUX32, UNAME26 and both, and "tell me". */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

/** Calls that give a mode to a file, with the index of that argument. */
const MODE_CALLS: readonly (readonly [name: string, index: number])[] = [
  ["chmod", 1],
  ["fchmod", 1],
  ["fchmodat", 2],
  ["creat", 1],
  ["mkdir", 1],
  ["mkdirat", 2],
  ["mknod", 1],
  ["mknodat", 2],
  ["open", 2],
  ["openat", 3],
];

function allow(names: readonly string[], rest: Pick<CallRule, "args" | "includes"> = {}): CallRule {
  return { names, action: "SCMP_ACT_ALLOW", ...rest };
}

/** Allow when none of `bits` is set in the argument. */
function allowWithout(name: string, index: number, bits: number): CallRule {
  return allow([name], { args: [{ index, value: bits, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }] });
}

function allowWhen(name: string, index: number, values: readonly number[]): readonly CallRule[] {
  return values.map((value) => allow([name], { args: [{ index, value, op: "SCMP_CMP_EQ" }] }));
}

/** Say "this kernel has no such call", so that the C library takes its older way, which the other rules can judge. */
function absent(names: readonly string[]): CallRule {
  return { names, action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS };
}

/**
 * The seccomp profile of a workload: everything is denied with EPERM but {@link ALLOWED_CALLS}, and no call can set the
 * setuid or setgid bit.
 *
 * Mount flags do not stop a process without capabilities from marking its own file setuid, and that file belongs to the
 * workspace's owner on the host. Calls that hide their mode behind a pointer (`openat2`) or are too new for the engines'
 * seccomp library (`fchmodat2`) do not exist. 32-bit system calls are not offered: they would need every rule twice.
 *
 * With `setsIds` the bits may be set: for root in a container that sees nothing of the host, as packages need it.
 */
export function workloadSeccomp({ setsIds = false }: { readonly setsIds?: boolean } = {}): SeccompProfile {
  const modes = setsIds
    ? [allow(MODE_CALLS.map(([name]) => name))]
    : [...MODE_CALLS.map(([name, index]) => allowWithout(name, index, SET_ID_BITS)), allowWithout("open", 1, MAKES_A_FILE), allowWithout("openat", 2, MAKES_A_FILE)];
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: EPERM,
    archMap: [
      { architecture: "SCMP_ARCH_X86_64", subArchitectures: [] },
      { architecture: "SCMP_ARCH_AARCH64", subArchitectures: [] },
    ],
    syscalls: [
      ...Object.values(ALLOWED_CALLS).map((names) => allow(names)),
      ...modes,
      allowWithout("clone", 0, NEW_NAMESPACES),
      ...allowWhen("socket", 0, SOCKET_FAMILIES),
      ...allowWhen("personality", 0, PERSONALITIES),
      allow(["arch_prctl", "modify_ldt"], { includes: { arches: ["amd64"] } }),
      // Before 4.8 a tracer could get round seccomp.
      allow(["process_vm_readv", "process_vm_writev", "ptrace"], { includes: { minKernel: "4.8" } }),
      absent(["clone3", "fchmodat2", "openat2"]),
    ],
  };
}
