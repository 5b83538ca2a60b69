import { Command } from "@commander-js/extra-typings";
import type { Client, PublishedPortView, PublishPort, SandboxId } from "@sbx/contracts";
import type { MakeCommand } from "../command-table.ts";
import { collectHostSide, collectPublish, portText, type HostSide } from "../publish-spec.ts";
import { show, table } from "../show.ts";

const nothing: readonly PublishPort[] = [];
const none: readonly HostSide[] = [];
const EXAMPLES = `
A published port is at this machine's loopback, for programs of this machine, until it is taken back or the sandbox stops.
Those of "sbx run -p" are published again at each start.

Examples:
  $ sbx ports claude-app
  $ sbx ports claude-app --publish 3000          any free port of this machine
  $ sbx ports claude-app --publish 8080:3000
  $ sbx ports claude-app --unpublish 8080`;

export const portsCommand: MakeCommand = (context) => {
  const listed = async (sandbox: Listed, json: true | undefined): Promise<void> => {
    show(context.io, json, { result: await sandbox.client.listPorts({ sandbox: sandbox.id }), lines: (ports) => lines(sandbox.name, ports) });
  };
  const found = async (ref: string | undefined): Promise<Listed> => {
    const { findSandbox } = await import("../find-sandbox.ts");
    const { client } = await context.daemon.connect();
    const { id, name } = await findSandbox(client, ref, context);
    return { client, id, name };
  };
  const command = new Command("ports")
    .alias("port")
    .description("List, publish and take back ports of a sandbox")
    .argument("[sandbox]", "name or id (default: that of this directory)")
    .option("--publish <[host:]port>", "publish a port of the sandbox (repeat for more)", collectPublish, nothing)
    .option("--unpublish <[ip:]port>", "take a port of this machine back (repeat for more)", collectHostSide, none)
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (ref, { publish, unpublish, json }) => {
      const sandbox = await found(ref);
      for (const port of unpublish) await sandbox.client.unpublishPort({ sandbox: sandbox.id, hostIp: port.hostIp, hostPort: String(port.hostPort) });
      for (const port of publish) await sandbox.client.publishPort({ sandbox: sandbox.id, ...port });
      await listed(sandbox, json);
    });
  // The same in words of Docker's sandboxes.
  command.addCommand(
    new Command("ls")
      .argument("[sandbox]")
      .option("--json")
      .action(async (ref, { json }) => {
        await listed(await found(ref), json);
      }),
    { hidden: true },
  );
  command.addCommand(
    new Command("publish")
      .argument("<sandbox>")
      .argument("<[host:]port...>", "", collectPublish, nothing)
      .option("--json")
      .action(async (ref, publish, { json }) => {
        const sandbox = await found(ref);
        for (const port of publish) await sandbox.client.publishPort({ sandbox: sandbox.id, ...port });
        await listed(sandbox, json);
      }),
    { hidden: true },
  );
  command.addCommand(
    new Command("unpublish")
      .argument("<sandbox>")
      .argument("<[ip:]port...>", "", collectHostSide, none)
      .option("--json")
      .action(async (ref, unpublish, { json }) => {
        const sandbox = await found(ref);
        for (const port of unpublish) await sandbox.client.unpublishPort({ sandbox: sandbox.id, hostIp: port.hostIp, hostPort: String(port.hostPort) });
        await listed(sandbox, json);
      }),
    { hidden: true },
  );
  return command;
};

interface Listed {
  readonly client: Client;
  readonly id: SandboxId;
  readonly name: string;
}

function lines(name: string, ports: readonly PublishedPortView[]): readonly string[] {
  if (ports.length === 0) return [`No port of ${name} is published. Publish one with: sbx ports ${name} --publish PORT`];
  return table(
    ["THIS MACHINE", "SANDBOX"],
    ports.map((one) => {
      const [host = "", port = ""] = portText(one).split("->");
      return [host, port];
    }),
  );
}
