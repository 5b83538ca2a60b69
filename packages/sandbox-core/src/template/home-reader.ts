import type { Readable } from "node:stream";
import { AppError } from "@sbx/contracts";
import type { ContainerSpec, Engine, EngineId } from "../ports/engine.ts";
import type { SandboxRecord } from "../sandbox/sandbox-record.ts";
import { homeVolume } from "../sandbox/workload-container.ts";

const HOME = "/home-volume";

/** A container that lives while a home is read: it sees the home alone, cannot write it, has no network and no capability. */
function readerContainer(record: SandboxRecord, gateImage: EngineId, labels: Readonly<Record<string, string>>): ContainerSpec {
  return {
    name: `sbx-save-${record.id.slice(4)}`,
    image: gateImage,
    command: ["/usr/local/bin/hold", "init"],
    env: {},
    labels,
    user: record.user,
    workdir: "/",
    mounts: [{ kind: "volume", source: homeVolume(record), target: HOME, readonly: true }],
    network: { kind: "none", hostname: "home", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
    capabilities: [],
    readonlyRoot: true,
    seccomp: "default",
    limits: { pids: 32, memoryBytes: 256 << 20 },
  };
}

/** A home as a tar, while it is held open. Disposing takes away what was made for that. */
export interface OpenHome extends AsyncDisposable {
  readonly tar: Readable;
  /** Resolves when all was read. @throws AppError `PATH_NOT_FOUND` for a path that is not there */
  readonly read: Promise<void>;
}

interface HomeWork {
  readonly record: SandboxRecord;
  readonly gateImage: EngineId;
  readonly labels: Readonly<Record<string, string>>;
  readonly paths: readonly string[];
  readonly signal: AbortSignal;
}

/** Begin to read paths of a sandbox's home, whether it runs or not. Nothing of the sandbox's own is started for it. */
export async function openHome(engine: Engine, { record, gateImage, labels, paths, signal }: HomeWork): Promise<OpenHome> {
  await using made = new AsyncDisposableStack();
  const container = await engine.create(readerContainer(record, gateImage, labels), signal);
  made.defer(() => engine.remove(container));
  await engine.start(container, signal);
  const words = ["/bin/tar", "-c", "-f", "-", "-C", HOME, "--one-file-system", "--hard-dereference", "--warning=no-file-changed", "--", ...paths.map((path) => `./${path}`)];
  const process = await engine.exec(container, { command: words, env: { LC_ALL: "C" }, user: record.user, workdir: "/", tty: false, stdin: false }, signal);
  const said = tailOf(process.stderr);
  const whole = made.move();
  const read = process.exit.then((code) => {
    // 1 says that a file changed while it was read, which an agent at work does all the time.
    if (code > 1)
      throw new AppError("PATH_NOT_FOUND", {
        message: `The home of "${record.name}" could not be read: ${said().split("\n")[0] ?? ""}`,
        fix: `See what is in it with: sbx exec ${record.name} ls -la ~`,
      });
  });
  read.catch(() => undefined);
  return {
    tar: process.stdout,
    read,
    [Symbol.asyncDispose]: async () => {
      process.detach();
      await whole.disposeAsync();
    },
  };
}

const SAID = 2000;

function tailOf(stream: Readable): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString("utf8")).slice(0, SAID);
  });
  return () => text;
}
