import { Command } from "@commander-js/extra-typings";
import type { DockerSocket, Sandbox } from "@sbx/contracts";
import type { MakeCommand } from "../program.ts";
import { portText } from "../publish-spec.ts";
import { show, table } from "../show.ts";

export const lsCommand: MakeCommand = ({ daemon, io }) =>
  new Command("ls")
    .alias("list")
    .description("List the sandboxes")
    .option("--json", "print one JSON document")
    .option("-q, --quiet", "print names only")
    .addHelpText("after", "\nExamples:\n  $ sbx ls\n  $ sbx rm $(sbx ls -q)")
    .action(async ({ json, quiet }) => {
      const { client } = await daemon.connect();
      const result = await client.listSandboxes({});
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
