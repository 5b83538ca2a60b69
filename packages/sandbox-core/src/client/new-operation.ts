import { randomUUID } from "node:crypto";

/** A name for one piece of work, by which its progress is told from that of others. */
export function newOperation(): string {
  return randomUUID();
}
