import { test } from "vitest";
import { workloadSeccomp } from "../../src/seccomp/workload-seccomp.ts";

const profile = workloadSeccomp();
const allowed = profile.syscalls.filter(({ action }) => action === "SCMP_ACT_ALLOW");
const whole = new Set(allowed.filter(({ args }) => args === undefined).flatMap(({ names }) => names));

test("what is not named is denied with EPERM, and 32-bit calls are not offered", ({ expect }) => {
  expect(profile).toMatchObject({ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1 });
  expect(profile.archMap.flatMap(({ subArchitectures }) => subArchitectures)).toEqual([]);
});

test.for([
  "mount",
  "umount2",
  "bpf",
  "perf_event_open",
  "userfaultfd",
  "keyctl",
  "add_key",
  "request_key",
  "unshare",
  "setns",
  "pivot_root",
  "open_by_handle_at",
  "io_uring_setup",
  "io_uring_enter",
  "io_uring_register",
  "init_module",
  "kexec_load",
  "open_tree",
  "move_mount",
  "fsopen",
  "mount_setattr",
  "chroot",
  "reboot",
  "swapon",
  "fanotify_init",
])("%s is not allowed", (name, { expect }) => {
  expect(profile.syscalls.some(({ names, action }) => action === "SCMP_ACT_ALLOW" && names.includes(name))).toBe(false);
});

test.for(["chmod", "fchmod", "fchmodat", "creat", "mkdir", "mkdirat", "mknod", "mknodat", "open", "openat", "clone", "socket", "personality"])(
  "%s is allowed only with certain arguments",
  (name, { expect }) => {
    expect(whole.has(name)).toBe(false);
    expect(allowed.some(({ names, args }) => names.includes(name) && args !== undefined)).toBe(true);
  },
);

test("no name is allowed twice without arguments, and calls that hide their mode do not exist", ({ expect }) => {
  expect(whole.size).toBe(allowed.filter(({ args }) => args === undefined).flatMap(({ names }) => names).length);
  expect(profile.syscalls.find(({ action }) => action === "SCMP_ACT_ERRNO")).toEqual({ names: ["clone3", "fchmodat2", "openat2"], action: "SCMP_ACT_ERRNO", errnoRet: 38 });
});

test("with set-id bits nothing else is allowed, and calls that hide their mode still do not exist", ({ expect }) => {
  const names = (of: typeof profile): readonly string[] => [...new Set(of.syscalls.filter(({ action }) => action === "SCMP_ACT_ALLOW").flatMap((rule) => rule.names))].toSorted();
  const root = workloadSeccomp({ setsIds: true });
  expect(names(root)).toEqual(names(profile));
  const modes = new Set(["chmod", "fchmod", "fchmodat", "creat", "mkdir", "mkdirat", "mknod", "mknodat", "open", "openat"]);
  const others = (of: typeof profile) => of.syscalls.filter((rule) => !rule.names.some((name) => modes.has(name)));
  expect(others(root)).toEqual(others(profile));
});
