import { member } from "../jsonrpc/json.ts";
import type { ScopeMember } from "../scope-member.ts";
import type { ServerConnection } from "../upstream/connection.ts";
import { LOG_LEVELS, type LogLevel } from "./log-levels.ts";
import type { ServerSlot } from "./server-slot.ts";

/** Bring a new connection to where the last one was: what is subscribed to, and from which level on it logs. */
export function restoreConnection(connection: ServerConnection, slot: ServerSlot, members: Iterable<ScopeMember>): void {
  for (const uri of slot.subscriptions.keys()) connection.request("resources/subscribe", { uri }).catch(() => undefined);
  passLogLevel(connection, members);
}

/** Ask a server for the most that any session wants to hear; nothing while none has said what it wants. */
export function passLogLevel(connection: ServerConnection, members: Iterable<ScopeMember>): void {
  const wanted = [...members].map(({ logLevel }) => logLevel).filter((level): level is LogLevel => level !== undefined);
  const [lowest] = wanted.toSorted((a, b) => LOG_LEVELS.indexOf(a) - LOG_LEVELS.indexOf(b));
  if (lowest === undefined || member(connection.capabilities, "logging") === undefined) return;
  connection.request("logging/setLevel", { level: lowest }).catch(() => undefined);
}
