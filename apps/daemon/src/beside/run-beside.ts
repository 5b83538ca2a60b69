import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { AppError, type DaemonBeside } from "@sbx/contracts";
import type { ExecProcess } from "@sbx/core";
import type { FoundEngine } from "@sbx/engine-docker";
import type { DaemonConfig } from "../config.ts";
import { imagesOf } from "../images-of-engine.ts";
import type { Log } from "../log.ts";
import { isOwnPeer } from "../server/peer-uid.ts";
import { besideEnvironment } from "./beside-environment.ts";
import { openDoor } from "./door.ts";
import { elsewhere } from "./elsewhere.ts";
import { makeBeside, type MadeBeside } from "./make-beside.ts";
import { planBeside, type BesidePlan } from "./plan-beside.ts";

/** How long a daemon that was asked to end may take. */
const GRACE_MS = 8000;

/** Runs the daemon, and ends its container with it: the first process there waits for nothing else. */
const INSIDE = '"$@"; kill -TERM 1';

/** What a daemon beside the engine is started with. */
export interface RunBeside {
  readonly found: FoundEngine;
  readonly config: DaemonConfig;
  /** Path of the daemon's own program. */
  readonly program: string;
  readonly scope: AsyncDisposableStack;
  readonly log: Log;
  readonly preparing: (line: string) => void;
  readonly shutdown: AbortController;
}

/**
 * Start the daemon in a container beside its engine, and pass on to it whoever connects here. Resolves when it serves.
 *
 * It ends with this process, also where that is killed, and this process with it; the container goes, the volume of its state stays.
 *
 * @throws AppError `ENGINE_ELSEWHERE`, or what the daemon gave as reason
 */
export async function runBeside({ found, config, program, scope, log, preparing, shutdown }: RunBeside): Promise<void> {
  const { engine } = found;
  const onFault = (error: unknown): void => {
    log.error("beside.failed", { error });
  };
  const plan = planBeside({ config, program });
  preparing(`Starting the daemon beside the engine at ${engine.info.endpoint}`);
  const images = await imagesOf(async () => Promise.resolve(engine), config.environment)();
  const image = await images.base(preparing, shutdown.signal);
  const user = { uid: config.uid, gid: process.getgid?.() ?? 0 };
  const userText = `${String(user.uid)}:${String(user.gid)}`;
  // Closed last: whoever asked the daemon to end looks at this socket, and finds nothing of it in the engine then.
  const door = scope.use(new AsyncDisposableStack());
  const made = await makeBeside({ found, image, plan, owner: config.owner, user });
  // An engine that is gone has no container that runs; the next start takes away what is left of it.
  scope.defer(async () => engine.remove(made.id).catch(onFault));
  const inside = await startInside({ found, config, plan, made, user: userText });
  const target = path.join(made.stateDirectory, "sbxd.sock");
  const life = { isOver: false };
  const ended = inside.exit
    .catch(() => -1)
    .then((code) => {
      life.isOver = true;
      log.info("daemon.beside-ended", { code });
      shutdown.abort(new Error("the daemon beside the engine ended"));
    });
  scope.defer(async () => {
    if (!life.isOver) await askToEnd({ found, made, user: userText, target, ended, onFault });
  });
  door.use(await openDoor({ socketPath: config.socketPath, engine, container: made.id, target, user: userText, isOwn: (socket) => isOwnPeer(socket, config.uid), onFault }));
  log.info("daemon.beside", { container: plan.name, volume: plan.name, endpoint: engine.info.endpoint });
}

interface StartInside extends Pick<RunBeside, "found" | "config"> {
  readonly plan: BesidePlan;
  readonly made: MadeBeside;
  readonly user: string;
}

/** Start the daemon's own process in its container. Its log goes to ours; its first word says how it went. */
async function startInside({ found: { engine }, config, plan, made, user }: StartInside): Promise<ExecProcess> {
  const beside: DaemonBeside = { engine: engine.info.endpoint, container: plan.name, volume: plan.name, pid: process.pid, socket: config.socketPath, shares: [...plan.shares] };
  const places = { stateDirectory: made.stateDirectory, configDirectory: plan.configDirectory, home: config.home, engineSocket: made.engineSocket, beside };
  const env = besideEnvironment(config.environment, places);
  const command = ["sh", "-c", INSIDE, "sh", "node", ...process.execArgv, plan.program, "--ready-fd", "1"];
  // Nothing is said to it: its input ends when this process does.
  const inside = await engine.exec(made.id, { command, env, user, workdir: "/", tty: false, stdin: true });
  inside.stdin.on("error", () => undefined);
  inside.stderr.pipe(process.stderr, { end: false });
  const said = await firstLine(inside.stdout);
  inside.stdout.resume();
  const word = parseReady(said);
  if (word === "ready") return inside;
  if (AppError.is(word)) throw word;
  throw elsewhere(
    engine.info.endpoint,
    `the daemon did not start beside it${said === undefined ? "" : ` (it said ${JSON.stringify(said.slice(0, 200))})`}`,
    `See that "${plan.installation}" is shared with the engine's machine, and look into the log: sbx daemon logs`,
  );
}

async function firstLine(output: Readable): Promise<string | undefined> {
  for await (const line of createInterface({ input: output })) return line;
  return undefined;
}

function parseReady(line: string | undefined): "ready" | AppError | undefined {
  try {
    const said: unknown = JSON.parse(line ?? "");
    if (typeof said !== "object" || said === null || !("event" in said)) return undefined;
    if (said.event === "ready") return "ready";
    return said.event === "failed" && "problem" in said ? AppError.fromJSON(said.problem) : undefined;
  } catch {
    return undefined;
  }
}

interface AskToEnd extends Pick<RunBeside, "found"> {
  readonly made: MadeBeside;
  readonly user: string;
  readonly target: string;
  readonly ended: Promise<void>;
  readonly onFault: (error: unknown) => void;
}

/** Have the daemon end by itself, so that what it is in the midst of is written down; it is not waited for without end. */
async function askToEnd({ found: { engine }, made, user, target, ended, onFault }: AskToEnd): Promise<void> {
  const command = ["curl", "-sS", "-m", "5", "--unix-socket", target, "-X", "POST", "-H", "content-type: application/json", "-d", "{}", "http://sbxd/v1/shutdown"];
  const { promise: enough, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, GRACE_MS, undefined);
  try {
    await engine.run(made.id, { command, env: {}, user, workdir: "/" });
    await Promise.race([ended, enough]);
  } catch (error) {
    onFault(error);
  } finally {
    clearTimeout(timer);
  }
}
