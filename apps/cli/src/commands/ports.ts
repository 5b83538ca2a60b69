import { Command } from "@commander-js/extra-typings";
import type { PublishedPortView, PublishPort } from "@sbx/contracts";
import type { MakeCommand } from "../program.ts";
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

export const portsCommand: MakeCommand = (context) =>
  new Command("ports")
    .alias("port")
    .description("List, publish and take back ports of a sandbox")
    .argument("[sandbox]", "name or id (default: that of this directory)")
    .option("--publish <[host:]port>", "publish a port of the sandbox (repeat for more)", collectPublish, nothing)
    .option("--unpublish <[ip:]port>", "take a port of this machine back (repeat for more)", collectHostSide, none)
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (ref, { publish, unpublish, json }) => {
      const { findSandbox } = await import("../find-sandbox.ts");
      const { client } = await context.daemon.connect();
      const { id: sandbox, name } = await findSandbox(client, ref, context);
      for (const port of unpublish) await client.unpublishPort({ sandbox, hostIp: port.hostIp, hostPort: String(port.hostPort) });
      for (const port of publish) await client.publishPort({ sandbox, ...port });
      show(context.io, json, { result: await client.listPorts({ sandbox }), lines: (ports) => lines(name, ports) });
    });

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
