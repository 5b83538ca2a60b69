import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";

const EXAMPLES = `
The policy is a file of JSON: {"version":1,"hosts":["api.example.org"],"images":["postgres:16"],"limits":{"containers":8}}.
Containers reach the hosts, and run and bring the images, that it names, and no others. All of it goes when this ends.

Examples:
  $ sbx docker-guard --listen /tmp/ci.sock --policy ci-docker.json
  $ DOCKER_HOST=unix:///tmp/ci.sock docker run --rm postgres:16 postgres --version`;

/** `sbx docker-guard`. */
export const dockerGuardCommand: MakeCommand = (context, setExit) =>
  new Command("docker-guard")
    .description("Serve a guarded Docker API to CI jobs and other programs, without a sandbox")
    .requiredOption("--listen <socket>", "path of the socket to serve; only you may open it")
    .requiredOption("--policy <file>", "what its containers may reach, run and use")
    .addHelpText("after", EXAMPLES)
    .action(async (options) => {
      setExit(await (await import("../docker/serve-docker-guard.ts")).serveDockerGuard(context, options));
    });
