import { once } from "node:events";
import { chmod, mkdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import path from "node:path";
import { AppError, type RecordEvent, type SandboxId } from "@sbx/contracts";
import { SSH_DIRECTORY, SSH_SOCKET, TurnQueue, type Phase, type SandboxRecord, type SshAgents } from "@sbx/core";
import { startSshAgentRelay } from "@sbx/ssh-agent-relay";
import type { DaemonConfig } from "../config.ts";
import { isOwnPeer } from "../server/peer-uid.ts";
import { findAgentSocket, readKnownHosts } from "./person-places.ts";

/** Where the socket of each phase lies among the files of a pod; a socket's path has no room for more. */
const DIRECTORIES: Readonly<Record<Phase, string>> = { install: "hook", runtime: "ssh" };
const PHASES = ["install", "runtime"] as const;

export interface SshAgentParts {
  readonly config: Pick<DaemonConfig, "beside" | "configDirectory" | "home" | "stateDirectory" | "uid">;
  /** A sandbox as it is now: where its person's agent is changes while it lives. */
  readonly sandbox: (id: SandboxId) => SandboxRecord;
  /** Directories of the person's that sandboxes may write. */
  readonly writable: () => readonly string[];
  readonly record: RecordEvent;
  readonly onFault: (error: unknown) => void;
}

/** What answers programs in sandboxes that speak to an SSH agent. Disposing ends all of it. */
export function createSshAgents(parts: SshAgentParts): SshAgents & AsyncDisposable {
  const open = new Map<string, AsyncDisposable>();
  const turns = new TurnQueue();
  const end = async (key: string): Promise<void> => {
    const relay = open.get(key);
    open.delete(key);
    await relay?.[Symbol.asyncDispose]();
  };
  const start: SshAgents["start"] = ({ id, ssh }, phase) => {
    const grant = ssh?.[phase];
    const key = keyOf(id, phase);
    return turns.take(key, async () => {
      await end(key);
      if (grant === undefined) return [];
      const directory = path.join(parts.config.stateDirectory, "pods", id, DIRECTORIES[phase]);
      await mkdir(directory, { recursive: true });
      // The workload has an id of its own; on the host the directories above are the daemon's alone.
      await chmod(directory, 0o755);
      open.set(key, await startSshAgentRelay({ socket: path.join(directory, SSH_SOCKET), grant, ...personOf(parts, id), ...recorded(parts, id, phase) }));
      return [{ kind: "bind", source: directory, target: SSH_DIRECTORY, readonly: true }];
    });
  };
  return {
    async check(wanted, writable) {
      const { beside, uid } = parts.config;
      if (beside !== undefined)
        throw new AppError("PLATFORM_UNSUPPORTED", {
          message: "An SSH agent cannot be given where the daemon runs beside its engine, which does not reach sockets of this machine",
          fix: "Leave --ssh-agent out.",
        });
      const places = [...writable, ...own(parts)];
      await findAgentSocket(wanted.socket, { uid, writable: places });
      if (wanted.knownHosts !== undefined) await readKnownHosts(wanted.knownHosts, { writable: places });
    },
    start,
    async resume(record) {
      await start(record, "runtime").catch((error: unknown) => {
        parts.onFault(error);
        parts.record({ type: "ssh.refused", sandbox: record.id, fields: { phase: "runtime", reason: "the SSH agent could not be offered again" } });
      });
    },
    async stop(id, phase) {
      for (const one of phase === undefined ? PHASES : [phase]) await turns.take(keyOf(id, one), () => end(keyOf(id, one)));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...open.keys()].map(end));
    },
  };
}

type Relay = Parameters<typeof startSshAgentRelay>[0];

/** The person's agent and known hosts, each found when it is needed. */
function personOf(parts: SshAgentParts, id: SandboxId): Pick<Relay, "connect" | "knownHosts"> {
  const writable = (): readonly string[] => [...parts.writable(), ...own(parts)];
  const wanted = (): SandboxRecord["request"]["sshAgent"] => parts.sandbox(id).request.sshAgent;
  return {
    async connect() {
      const socket = wanted()?.socket;
      if (socket === undefined) throw new Error(`${id} was given no SSH agent`);
      return await connectOwn(await findAgentSocket(socket, { uid: parts.config.uid, writable: writable() }), parts.config.uid);
    },
    async knownHosts() {
      const file = wanted()?.knownHosts ?? path.join(parts.config.home, ".ssh", "known_hosts");
      return await readKnownHosts(file, { writable: writable() }).catch(() => "");
    },
  };
}

/** What the daemon keeps of sandboxes, and the skills that it shows to them. */
function own({ config: { stateDirectory, configDirectory } }: SshAgentParts): readonly string[] {
  return [stateDirectory, path.join(configDirectory, "skills")];
}

async function connectOwn(socket: string, uid: number): Promise<Socket> {
  const connection = connect(socket);
  await once(connection, "connect");
  if (isOwnPeer(connection, uid)) return connection;
  connection.destroy();
  throw new Error(`another user's process answers at ${socket}`);
}

function recorded({ record }: SshAgentParts, sandbox: SandboxId, phase: Phase): Pick<Relay, "onUsed" | "onRefused"> {
  return {
    onUsed: (use) => record({ type: "ssh.used", sandbox, fields: { phase, ...use } }),
    onRefused: (reason) => record({ type: "ssh.refused", sandbox, fields: { phase, reason } }),
  };
}

function keyOf(id: SandboxId, phase: Phase): string {
  return `${id} ${phase}`;
}
