import { ContainerPodId, type Json } from "@sbx/contracts";
import type { PublishedPort } from "@sbx/core";
import * as z from "zod";
import { ContainerCreate } from "../routes/schema/container-config.ts";

/** A mount as the client sees it. */
export const MountRecord = z.object({
  type: z.enum(["bind", "volume", "tmpfs"]),
  /** Path of the workspace, or the volume's name among the sandbox's. */
  source: z.string(),
  target: z.string(),
  readonly: z.boolean(),
});
export type MountRecord = z.infer<typeof MountRecord>;

/** A container's place in a network of the sandbox. */
export const Endpoint = z.object({
  /** Full id of the network. */
  network: z.string(),
  address: z.ipv4(),
  aliases: z.array(z.string()),
});
export type Endpoint = z.infer<typeof Endpoint>;

/** What the guard knows of a container that the engine does not, or shows in other words. Never changes. */
export const ContainerRecord = z.object({
  pod: ContainerPodId,
  /** The container that owns its network namespace: no other container has joined that one. */
  gate: z.string(),
  created: z.iso.datetime(),
  imageId: z.string(),
  hostname: z.string(),
  /** The client's request as it was read. */
  asked: z.json(),
  mounts: z.array(MountRecord),
  /** Ports to publish: of the container, and wanted on the agent's side (0 is any). */
  ports: z.array(z.object({ containerPort: z.int(), hostPort: z.int() })),
  /** Where it was in networks when it was made. */
  endpoints: z.array(Endpoint),
});
export type ContainerRecord = Omit<z.infer<typeof ContainerRecord>, "asked"> & { readonly asked: Json };

/** A container of this sandbox. */
export interface OwnedContainer {
  readonly id: string;
  /** Among the sandbox's. */
  readonly name: string;
  readonly record: ContainerRecord;
  readonly asked: ContainerCreate;
  /** Published since its last start. */
  readonly published: readonly PublishedPort[];
  /** Where it is in networks now. */
  readonly endpoints: readonly Endpoint[];
}

/** Read back a record that was sealed. `undefined` when it is of a form that this version does not know. */
export function readContainerRecord(text: string): { readonly record: ContainerRecord; readonly asked: ContainerCreate } | undefined {
  const record = ContainerRecord.safeParse(JSON.parse(text));
  const asked = ContainerCreate.safeParse(record.data?.asked);
  if (!record.success || !asked.success) return undefined;
  return { record: record.data, asked: asked.data };
}
