import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { AppError } from "@sbx/contracts/app-error";
import { DAEMON_FLAGS, DAEMON_THREADS, findDaemonProgram } from "@sbx/core/client";
import type { Context, Environment } from "../context.ts";
import { launchdAgent, systemdUnit, type ServiceProgram } from "./service-files.ts";

interface Manager {
  readonly file: string;
  readonly text: (program: ServiceProgram) => string;
  /** Commands that make the manager know of the file and start the daemon, and that undo it before the file goes. */
  readonly on: readonly (readonly string[])[];
  readonly off: readonly (readonly string[])[];
}

/** Have the machine's service manager start the daemon when its person logs in. @throws AppError `CONFIG_INVALID` */
export async function installService(context: Context, platform: string): Promise<void> {
  const { file, text, on } = managerOf(context, platform);
  const { log } = context.daemon.paths;
  const program = { command: [process.execPath, ...DAEMON_FLAGS, findDaemonProgram(context.env, import.meta.url)], environment: { ...ownEnvironment(context.env), ...DAEMON_THREADS }, log };
  if (
    Object.values(program.environment)
      .concat(program.command, log)
      .some((word) => /\p{Cc}/u.test(word))
  ) {
    throw new AppError("CONFIG_INVALID", {
      message: "A path or variable that the service needs has a control character in it, which a service file cannot hold",
      fix: "Move sbx to, or set the SBX_ variables to, a path without it.",
    });
  }
  await mkdir(path.dirname(log), { recursive: true, mode: 0o700 });
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text(program), { mode: 0o600 });
  context.io.out(`written: ${file}\n`);
  await carryOut(on, context);
}

/** Undo {@link installService}; sandboxes go on, and commands start the daemon when they need it. */
export async function uninstallService(context: Context, platform: string): Promise<void> {
  const { file, off } = managerOf(context, platform);
  await carryOut(off, context);
  await rm(file, { force: true });
  context.io.out(`removed: ${file}\n`);
}

/** Where there is no session of the manager's, as in a container or over ssh, what is left to do is said. */
async function carryOut(commands: readonly (readonly string[])[], { io, env }: Context): Promise<void> {
  for (const [command = "", ...args] of commands) {
    try {
      await promisify(execFile)(command, args, { env: { ...env }, timeout: 20_000 });
    } catch {
      io.out(`left to do, in a session of yours: ${[command, ...args].join(" ")}\n`);
    }
  }
}

function managerOf({ env, home }: Context, platform: string): Manager {
  if (platform === "linux") {
    const file = path.join(env["XDG_CONFIG_HOME"] ?? path.join(home, ".config"), "systemd/user/sbxd.service");
    const systemctl = (...words: readonly string[]): readonly string[] => ["systemctl", "--user", ...words];
    return { file, text: systemdUnit, on: [systemctl("daemon-reload"), systemctl("enable", "--now", "sbxd.service")], off: [systemctl("disable", "--now", "sbxd.service")] };
  }
  if (platform === "darwin") {
    const file = path.join(home, "Library/LaunchAgents/dev.sbx.sbxd.plist");
    const domain = `gui/${String(process.getuid?.() ?? 0)}`;
    return { file, text: launchdAgent, on: [["launchctl", "bootstrap", domain, file]], off: [["launchctl", "bootout", `${domain}/dev.sbx.sbxd`]] };
  }
  throw new AppError("CONFIG_INVALID", { message: `There is no service manager that sbx knows on ${platform}`, fix: "Nothing is needed: commands start the daemon when they need it." });
}

const OWN = `SBX_STATE_DIR SBX_CONFIG_DIR SBX_VAULT_KEY SBX_IDLE_STOP_MS SBX_KEEP_READY SBX_HOOK_LIMIT_MS SBX_ENGINE_SHARES SBX_PLAIN_ENGINE
  XDG_STATE_HOME XDG_CONFIG_HOME DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG DOCKER_TLS_VERIFY DOCKER_CERT_PATH`.split(/\s+/u);

/** What moves the daemon's things; keys and proxies of this terminal are left out, because the file stays. */
function ownEnvironment(env: Environment): Record<string, string> {
  return Object.fromEntries(OWN.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const])));
}
