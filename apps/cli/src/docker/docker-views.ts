import type { ChildContainer, DockerUsage } from "@sbx/contracts";
import type { Context } from "../context.ts";
import { findSandbox } from "../find-sandbox.ts";
import { show, table } from "../show.ts";

interface Options {
  readonly json?: true | undefined;
}

/** `sbx docker ps`. */
export async function listContainers(context: Context, ref: string | undefined, { json }: Options): Promise<void> {
  const { client } = await context.daemon.connect();
  const { id, name } = await findSandbox(client, ref, context);
  const result = await client.listContainers({ sandbox: id });
  show(context.io, json, { result, lines: (all) => (all.length === 0 ? [`The agent of ${name} has started no container.`] : containerTable(all)) });
}

/** `sbx docker df`. */
export async function showUsage(context: Context, ref: string | undefined, { json }: Options): Promise<void> {
  const { client } = await context.daemon.connect();
  const { id } = await findSandbox(client, ref, context);
  show(context.io, json, { result: await client.dockerUsage({ sandbox: id }), lines: usageTable });
}

/** `sbx docker prune`. */
export async function pruneSandbox(context: Context, ref: string | undefined, { json }: Options): Promise<void> {
  const { client } = await context.daemon.connect();
  const { id } = await findSandbox(client, ref, context);
  const result = await client.pruneDocker({ sandbox: id });
  show(context.io, json, {
    result,
    lines: ({ containers, networks, volumes }) => [
      ...containers.map((one) => `container ${one.slice(0, 12)}`),
      ...networks.map((one) => `network ${one}`),
      ...volumes.map((one) => `volume ${one}`),
      `${containers.length + networks.length + volumes.length} removed`,
    ],
  });
}

/** `sbx docker images`. */
export async function listImages(context: Context, { json }: Options): Promise<void> {
  const { client } = await context.daemon.connect();
  const result = await client.listDockerImages({});
  show(context.io, json, {
    result,
    lines: (all) =>
      all.length === 0
        ? ["Agents may run the image of their own sandbox (sbx/own) and no other. Allow one with: sbx docker allow-image IMAGE"]
        : table(
            ["IMAGE", "THERE"],
            all.map(({ reference, present }) => [reference, present ? "yes" : "no"]),
          ),
  });
}

function containerTable(all: readonly ChildContainer[]): readonly string[] {
  return table(
    ["ID", "NAME", "IMAGE", "STATUS", "PORTS", "NETWORKS"],
    all.map(({ id, name, image, status, ports, networks }) => [
      id.slice(0, 12),
      name,
      image,
      status,
      ports.map(({ containerPort, hostPort }) => `${hostPort}->${containerPort}`).join(" "),
      networks.join(" "),
    ]),
  );
}

function usageTable({ containers, running, containersBytes, images, imagesBytes, volumes, networks }: DockerUsage): readonly string[] {
  return table(
    ["WHAT", "COUNT", "SIZE"],
    [
      ["containers", `${containers} (${running} running)`, megabytes(containersBytes)],
      ["images", String(images), megabytes(imagesBytes)],
      ["volumes", String(volumes), ""],
      ["networks", String(networks), ""],
    ],
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
