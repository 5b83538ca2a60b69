import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acceptConnection, closeDescriptor, listenUnix, receiveDescriptors, watchReadable } from "@sbx/syscalls";

/** What a scripted first process may use: `c` is its connection, `take()` gives a request with its descriptors. */
const PRELUDE = `
import array, fcntl, os, socket, struct, subprocess, sys, time
c, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))])
theirs.close(); s.close()
STARTED, REFUSED, EXITED = 1, 2, 3
def take():
    while True:
        bytes, control, flags, _ = c.recvmsg(70000, 1000)
        if not bytes: sys.exit(0)
        fds = array.array("i")
        for level, kind, data in control: fds.frombytes(data)
        if bytes[5] == 1: return struct.unpack(">I", bytes[8:12])[0], bytes, list(fds)
        seen.append(bytes)
def answer(kind, id, value=0): c.send(b"SBXH\\x01" + bytes([kind, 0, 0]) + struct.pack(">Ii", id, value))
seen = []
`;

export interface FirstProcess extends AsyncDisposable {
  /** Our end of its connection; whoever takes it owns it. */
  readonly connection: number;
}

/** A first process that does what the script says, in Python. */
export async function firstProcess(script: string): Promise<FirstProcess> {
  const directory = mkdtempSync(join(tmpdir(), "sbx-hold-"));
  const listener = listenUnix(join(directory, "s"), 1);
  const process = spawn("python3", ["-c", `${PRELUDE}\n${script}`, join(directory, "s")], { stdio: ["ignore", "inherit", "ignore"] });
  await readable(listener);
  const carrier = acceptConnection(listener) ?? -1;
  await readable(carrier);
  const connection = receiveDescriptors(carrier, 1)?.descriptors[0] ?? -1;
  for (const descriptor of [carrier, listener]) closeDescriptor(descriptor);
  return {
    connection,
    async [Symbol.asyncDispose]() {
      process.kill("SIGKILL");
      if (process.exitCode === null && process.signalCode === null) await once(process, "exit");
      rmSync(directory, { recursive: true });
    },
  };
}

/** How many descriptors this process has open. */
export function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

async function readable(descriptor: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const watch = watchReadable(descriptor, () => {
      watch.close();
      resolve();
    });
  });
}
