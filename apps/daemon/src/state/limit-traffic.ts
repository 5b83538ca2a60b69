import type { EventFields, EventInit, EventType, RecordEvent } from "@sbx/contracts";

/** Events that a program in a sandbox causes as often as it likes. */
export const TRAFFIC_EVENTS = [
  "egress.allowed",
  "egress.denied",
  "egress.failed",
  "egress.limited",
  "gate.rejected",
  "model.denied",
  "docker.refused",
  "ssh.used",
  "ssh.refused",
] as const satisfies readonly EventType[];
const TRAFFIC: ReadonlySet<EventType> = new Set(TRAFFIC_EVENTS);

/** Such events that one sandbox, or one server of it, may cause at once, and how many more come to that each second. */
const BURST = 200;
const PER_SECOND = 20;
/** How long after the first one that was left out their number is told. */
const TELL_MS = 5000;

interface Bucket {
  tokens: number;
  filledAt: number;
  dropped: number;
}

/**
 * Pass events on to `write`, of {@link TRAFFIC_EVENTS} no more for each sandbox, and for each server beside it, than a
 * bucket of tokens has. How many were left out is told by one `egress.limited` with the field `dropped`, every few seconds while it goes on.
 */
export function limitTraffic(write: RecordEvent, now: () => Date): RecordEvent {
  const buckets = new Map<string, Bucket>();
  const take = ({ sandbox, fields: { server } }: EventInit): boolean => {
    const at = now().getTime();
    const key = keyOf(sandbox, server);
    const bucket = buckets.get(key) ?? { tokens: BURST, filledAt: at, dropped: 0 };
    buckets.set(key, bucket);
    bucket.tokens = Math.min(BURST, bucket.tokens + (Math.max(0, at - bucket.filledAt) * PER_SECOND) / 1000);
    bucket.filledAt = at;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return true;
    }
    if (bucket.dropped === 0)
      setTimeout(() => {
        write({ type: "egress.limited", ...(sandbox === undefined ? {} : { sandbox }), fields: { dropped: bucket.dropped, ...(server === undefined ? {} : { server }) } });
        bucket.dropped = 0;
      }, TELL_MS).unref();
    bucket.dropped += 1;
    return false;
  };
  return (event: EventInit) => {
    const { type, sandbox } = event;
    const isCaused = sandbox !== undefined || event.fields["server"] !== undefined;
    if (isCaused && TRAFFIC.has(type) && !take(event)) return;
    if (type === "sandbox.removed") for (const key of buckets.keys()) if (key.startsWith(keyOf(sandbox, ""))) buckets.delete(key);
    write(event);
  };
}

function keyOf(sandbox: string | undefined, server: EventFields[string] | undefined): string {
  return `${sandbox ?? ""} ${String(server ?? "")}`;
}
