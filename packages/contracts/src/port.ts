import * as z from "zod";

const Port = z.number().int().min(1).max(65_535);

/** Addresses of this machine at which ports of sandboxes are published: its loopback, and no other. */
export const LoopbackAddress = z.enum(["127.0.0.1", "::1"]);
export type LoopbackAddress = z.infer<typeof LoopbackAddress>;

/** Asks for a port of a sandbox at this machine's loopback; `hostPort` 0 is any that is free. TCP alone. */
export const PublishPort = z.strictObject({ hostIp: LoopbackAddress.default("127.0.0.1"), hostPort: z.number().int().min(0).max(65_535).default(0), port: Port });
export type PublishPort = z.infer<typeof PublishPort>;

/** A port of a sandbox that this machine's programs reach at its loopback. */
export const PublishedPortView = z.object({ hostIp: LoopbackAddress, hostPort: Port, port: Port });
export type PublishedPortView = z.infer<typeof PublishedPortView>;
