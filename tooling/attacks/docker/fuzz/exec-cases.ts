import type { FuzzCase } from "./fuzz-case.ts";
import type { Random } from "@sbx/testing/random";

const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  AttachStdin: [false, null, true, 1],
  AttachStdout: [true, false, "true"],
  AttachStderr: [true, false],
  ConsoleSize: [[24, 80], null, [0, 0], [-1, 80], [1e9, 1], [24]],
  Container: ["", "{{child}}", "{{victim}}", "{{other}}"],
  Detach: [false, true],
  DetachKeys: ["", "ctrl-p,ctrl-q", "ctrl-", "a,b,\u0000"],
  Env: [null, ["A=b"], ["LD_PRELOAD=/x"], ["=x"], "A=b", ["A=\u0000"]],
  Privileged: [false, null, true, 1, "true"],
  Tty: [false, true, null],
  User: ["", "root", "0:0", "1000:1000", "root\n", "-1", "nosuchuser"],
  WorkingDir: ["", "/tmp", "/proc/self/root", "../x", "/nowhere"],
};
const COMMANDS: readonly unknown[] = [["true"], ["sh", "-c", "exit 3"], ["sleep", "1"], ["cat", "/proc/self/status"], [], null, "true", [""], [1], ["/nowhere"]];
const WHOSE = ["{{child}}", "{{child}}", "{{child}}", "{{childname}}", "{{childshort}}", "{{victim}}", "{{victimname}}", "{{other}}", "{{gate}}", "{{otherengine}}", "x"];
const START: Readonly<Record<string, readonly unknown[]>> = {
  Detach: [true, true, false],
  Tty: [false, null, true],
  ConsoleSize: [null, [24, 80], [1, 2, 3]],
  Privileged: [false, true],
  hijack: [true, false],
  User: ["root"],
};
const EXECS = ["{{exec}}", "{{exec}}", "{{exec}}", "{{otherexec}}", "{{execshort}}", "{{child}}"];

/** A request for a further process, or about one. */
export function execCase(random: Random): FuzzCase {
  const plain = { kind: "exec", form: "plain" } as const;
  if (random.chance(0.75)) {
    const body = { ...random.some(VALUES, 6), Cmd: random.chance(0.8) ? random.pick(COMMANDS.slice(0, 4)) : random.pick(COMMANDS) };
    return { ...plain, method: "POST", target: `/v1.41/containers/${random.chance(0.8) ? "{{child}}" : random.pick(WHOSE)}/exec`, body: JSON.stringify(body) };
  }
  const exec = random.pick(EXECS);
  if (random.chance(0.2)) return { ...plain, method: "GET", target: `/v1.41/exec/${exec}/json` };
  if (random.chance(0.2)) return { ...plain, method: "POST", target: `/v1.41/exec/${exec}/resize?h=${random.pick([24, 0, -1])}&w=80` };
  return { ...plain, method: "POST", target: `/v1.41/exec/${exec}/start`, body: JSON.stringify({ Detach: true, ...random.some(START, 4) }), form: random.chance(0.1) ? "upgrade" : "plain" };
}
