import { Command, Option } from "@commander-js/extra-typings";
import type { DockerSocket, Sandbox } from "@sbx/contracts";
import { collectFilter, type SandboxFilter } from "../label-options.ts";
import type { MakeCommand } from "../command-table.ts";
import { portText } from "../publish-spec.ts";
import { show, table } from "../show.ts";

const everything: readonly SandboxFilter[] = [];

export const lsCommand: MakeCommand = ({ daemon, io }) =>
  new Command("ls")
    .alias("list")
    .description("List the sandboxes")
    .option("--json", "print one JSON document")
    .addOption(new Option("--no-trunc", "nothing is cut off anyway").hideHelp())
    .option("-q, --quiet", "print names only")
    .option("--filter <filter>", "only those with label=KEY[=VALUE], name=PART, agent=NAME, status=running or workspace=PATH (repeat for more)", collectFilter, everything)
    .addHelpText("after", "\nExamples:\n  $ sbx ls\n  $ sbx ls --filter label=team=web\n  $ sbx rm $(sbx ls -q --filter status=stopped)")
    .action(async ({ json, quiet, filter }) => {
      const { client } = await daemon.connect();
      const result = (await client.listSandboxes({})).filter((one) => filter.every((holds) => holds(one)));
      show(io, json, { result, lines: quiet === true ? (all) => all.map(({ name }) => name) : lines });
    });

function lines(all: readonly Sandbox[]): readonly string[] {
  if (all.length === 0) return ["There is no sandbox. Start one in this directory with: sbx run shell"];
  return table(
    ["NAME", "AGENT", "STATUS", "SESSIONS", "PORTS", "DOCKER", "WORKSPACE"],
    all.map((sandbox) => [
      sandbox.name,
      sandbox.agent,
      status(sandbox),
      String(sandbox.sessions.filter(({ state }) => state.phase === "running").length),
      sandbox.ports.map(portText).join(", "),
      DOCKER[sandbox.docker],
      sandbox.workspace,
    ]),
  );
}

/** One that has the engine itself is not to be overlooked. */
const DOCKER: Readonly<Record<DockerSocket, string>> = { none: "", guarded: "own", raw: "RAW: root on this machine" };

/** One or two words; what is wrong with the network is part of it. */
function status({ state }: Pick<Sandbox, "state">): string {
  if (state.phase === "failed") return `failed: ${state.problem.code}`;
  if (state.phase !== "running" || state.network === "ready") return state.phase;
  return `running (${state.network === "cut-off" ? "cut off" : state.network})`;
}
