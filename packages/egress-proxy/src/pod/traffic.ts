import { isIPv4, Socket } from "node:net";
import type { RecordPodEvent, PodId } from "@sbx/contracts";
import { originalDestination, resetConnection, socketAddress, type InternetAddress } from "@sbx/syscalls";
import type { ConnectionBudget } from "./connection-budget.ts";
import type { NameTable } from "./name-table.ts";
import type { PodConnection, ServeConnection } from "./pod-connection.ts";
import type { PodLimits } from "./pod-limits.ts";
import { RefusedNames } from "./refused-names.ts";
import { startAcceptor } from "./start-acceptor.ts";

export interface TrafficParts {
  readonly pod: PodId;
  readonly listener: number;
  readonly intercept: "tproxy" | "redirect";
  readonly names: NameTable;
  readonly refused: RefusedNames;
  readonly serve: ServeConnection;
  readonly limits: Pick<PodLimits, "connections" | "undecided">;
  readonly budget: ConnectionBudget;
  readonly record: RecordPodEvent;
}

/** Accept a pod's connections, find out what each dialled, and hand it over. The descriptor stays the caller's. */
export function startTraffic(parts: TrafficParts): Disposable {
  const { pod, listener, limits, budget, record, serve } = parts;
  const ended = new AbortController();
  const open = new Set<Socket>();
  let undecided = 0;
  let limited = false;

  const full = () => (open.size >= limits.connections ? "connections" : undecided >= limits.undecided ? "undecided" : budget.full ? "daemon" : undefined);
  const release = () => {
    if (limited && open.size <= limits.connections / 2 && undecided <= limits.undecided / 2 && !budget.full) limited = false;
    if (!ended.signal.aborted && full() === undefined) acceptor.resume();
  };
  const acceptor = startAcceptor(listener, (fd) => {
    const to = destination(fd, parts);
    if (to === undefined) resetConnection(fd);
    else handOver(fd, to);
    const limit = full();
    if (limit === undefined) return "more";
    if (!limited) record({ type: "egress.limited", pod, fields: { limit, open: open.size, undecided } });
    limited = true;
    return "enough";
  });
  const leaveBudget = budget.join(release);

  function handOver(fd: number, to: Destination): void {
    const socket = socketFor(fd);
    if (socket === undefined) return;
    socket.on("error", () => socket.destroy());
    open.add(socket);
    budget.take();
    undecided += 1;
    let pending = true;
    const decided = () => {
      if (!pending) return;
      pending = false;
      undecided -= 1;
      release();
    };
    socket.once("close", () => {
      open.delete(socket);
      budget.give();
      decided();
      release();
    });
    void serve({ pod, socket, decided, ...to }, ended.signal)
      .catch(() => undefined)
      .finally(() => socket.destroy());
  }

  return {
    [Symbol.dispose]() {
      acceptor[Symbol.dispose]();
      leaveBudget();
      ended.abort(new Error("the pod was closed"));
      for (const socket of open) socket.destroy();
    },
  };
}

/** `undefined` when the client is gone already, so that Node makes nothing of the descriptor. */
function socketFor(fd: number): Socket | undefined {
  try {
    return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  } catch {
    resetConnection(fd);
    return undefined;
  }
}

type Destination = Pick<PodConnection, "to" | "port" | "refuseOnly">;

/** What a connection dialled; `undefined` for what nobody can have meant: the pod itself, or an address that is none. */
function destination(fd: number, { intercept, names, refused }: TrafficParts): Destination | undefined {
  const dialled = dialledAddress(fd, intercept);
  if (dialled === undefined || !isIPv4(dialled.address) || dialled.port === 0 || isNobodys(dialled.address)) return undefined;
  const { address, port } = dialled;
  if (RefusedNames.includes(address)) {
    const name = refused.nameOf(address);
    return name === undefined ? undefined : { to: { kind: "name", name }, port, refuseOnly: true };
  }
  if (address.startsWith("198.18.")) {
    const name = names.nameOf(address);
    return name === undefined ? undefined : { to: { kind: "name", name }, port };
  }
  return { to: { kind: "address", address }, port };
}

function dialledAddress(fd: number, intercept: "tproxy" | "redirect"): InternetAddress | undefined {
  try {
    return intercept === "tproxy" ? socketAddress(fd) : originalDestination(fd);
  } catch {
    // It was not redirected (dialled directly), or is gone already.
    return undefined;
  }
}

/** "This network", loopback, multicast and the reserved end of the address space. */
function isNobodys(address: string): boolean {
  const first = Number(address.slice(0, address.indexOf(".")));
  return first === 0 || first === 127 || first >= 224;
}
