import { AppError, DaemonBeside } from "@sbx/contracts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Tells a daemon that it runs beside its engine, and for whom: {@link DaemonBeside} as JSON. */
const BESIDE = "SBX_BESIDE";

const PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
/** What names places or services of the caller's machine that are not there. */
const LEFT_OUT = [/^DOCKER_/, /^XDG_/, /^DBUS_/, /^SSL_CERT_/, /^(?:CONTAINER_HOST|NODE_EXTRA_CA_CERTS|TMPDIR|SBX_DAEMON_PROGRAM)$/];

/** What a daemon beside the engine is told of where it is. */
export interface BesidePlaces {
  readonly stateDirectory: string;
  readonly configDirectory: string;
  readonly home: string;
  /** The engine's socket as the container has it. */
  readonly engineSocket: string;
  readonly beside: DaemonBeside;
}

/**
 * The environment of a daemon beside the engine, from that of the process that starts it. It has model keys in it: it goes to
 * a process, whose environment the engine tells nobody, and never into a container's specification.
 */
export function besideEnvironment(environment: Environment, { stateDirectory, configDirectory, home, engineSocket, beside }: BesidePlaces): Record<string, string> {
  const kept = Object.entries(environment).flatMap(([name, value]) => (value === undefined || LEFT_OUT.some((left) => left.test(name)) ? [] : [[name, value] as const]));
  return {
    ...Object.fromEntries(kept),
    PATH,
    HOME: home,
    DOCKER_HOST: `unix://${engineSocket}`,
    SBX_STATE_DIR: stateDirectory,
    SBX_CONFIG_DIR: configDirectory,
    // No keychain answers in there.
    SBX_VAULT_KEY: "file",
    [BESIDE]: JSON.stringify(beside),
  };
}

/** What a daemon was told of where it is; `undefined` for one that runs on its caller's machine. @throws AppError `CONFIG_INVALID` */
export function readBeside(environment: Environment): DaemonBeside | undefined {
  const text = environment[BESIDE];
  if (text === undefined) return undefined;
  try {
    return DaemonBeside.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError("CONFIG_INVALID", { message: `${BESIDE} is not what a daemon is told that runs beside its engine`, fix: `Unset ${BESIDE}: sbx sets it itself.`, cause });
  }
}
