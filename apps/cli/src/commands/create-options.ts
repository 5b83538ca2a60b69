import { Option, type Command } from "@commander-js/extra-typings";
import type { PublishPort } from "@sbx/contracts";
import { dockerSocketOption } from "../docker/docker-socket-option.ts";
import { refuseForeignOptions } from "../foreign-options.ts";
import { collectArgument } from "../agents/kit-arguments.ts";
import { collectLabel } from "../label-options.ts";
import { collect, collectPort, parseCpus, parseInteger, parseMemory } from "../option-values.ts";
import { collectPublish } from "../publish-spec.ts";

const none: readonly string[] = [];
const noPorts: readonly number[] = [];
const noArguments: Readonly<Record<string, string>> = {};
const noLabels: Readonly<Record<string, string>> = {};
const noPublish: readonly PublishPort[] = [];

/** The options that `run` and `create` share. */
export const addCreateOptions = <Args extends unknown[]>(command: Command<Args>) =>
  refuseForeignOptions(
    command
      .option("--kit <name or directory>", "a mixin over the agent: its name, or a Kit's directory (repeat for more)", collect, none)
      .addOption(new Option("--arg <name=value>", "an argument of the Kits (repeat for more)").argParser(collectArgument).default(noArguments, "none"))
      .option("-w, --workspace <path>", "directory that the agent works in (default: this one)")
      .option("-t, --template <name>", "start from a template that sbx save made")
      .option("--name <name>", "name of the sandbox (default: agent and directory)")
      .option("--add-dir <path[:ro]>", "a further directory, read-only with :ro (repeat for more)", collect, none)
      .option("--allow-host <pattern>", "a destination the sandbox may reach, as api.example.org or **.example.org:443 (repeat for more)", collect, none)
      .addOption(new Option("--allow-host-port <port>", "a service on this machine's loopback, as host.docker.internal:PORT (repeat for more)").argParser(collectPort).default(noPorts))
      .addOption(new Option("-p, --publish <[host:]port>", "a port of the sandbox at this machine's loopback, as 8080 or 3000:80 (repeat for more)").argParser(collectPublish).default(noPublish))
      .option("--hide <path>", "a path of the workspace that is empty inside (repeat for more)", collect, none)
      .option("--allow-write <path>", "open a protected path of the workspace (repeat for more)", collect, none)
      .option("-e, --env <key[=value]>", "set a variable, or pass one on (repeat for more)", collect, none)
      .option("--env-file <file>", "set the variables of a file of KEY=VALUE lines (repeat for more)", collect, none)
      .addOption(new Option("-l, --label <key[=value]>", "a label to find the sandbox by (repeat for more)").argParser(collectLabel).default(noLabels))
      .option("--cpus <number>", "processors, as 2 or 0.5", parseCpus)
      .option("-m, --memory <size>", "memory, as 512m or 4g", parseMemory)
      .option("--disk <size>", "most that its system, its home and each volume hold, as 20g, where the engine can bound it", parseMemory)
      .option("--pids <number>", "most processes at once", parseInteger(16, 1_000_000))
      .addOption(new Option("--pids-limit <number>").argParser(parseInteger(16, 1_000_000)).hideHelp())
      .addOption(new Option("-v, --volume <path[:path][:ro]>").argParser(collect).default(none).hideHelp())
      .addOption(new Option("--model <source>", "where the model's answers come from").choices(["auto", "provider", "scripted"] as const).default("auto" as const))
      .option("--share <path>", "let the Kit that asks for it share a directory among its sandboxes, at this path inside (repeat for more)", collect, none)
      .addOption(new Option("--skills <mode>", "how the agent sees your skills, the directories in ~/.config/sbx/skills (default: readonly)").choices(["off", "readonly", "readwrite"] as const))
      .option("--reject-capability <type>", "a capability that no Kit gets, as com.docker.sandbox/volume@1 (repeat for more)", collect, none)
      .option("--git-identity-config <file|off>", "where the name and address of commits are from, in git's form (default: your own)")
      .option("--ssh-agent [socket]", "your SSH agent for Kits that ask for one, that of SSH_AUTH_SOCK unless said by =SOCKET")
      .option("--ssh-known-hosts <file>", "which keys of hosts are known for logins of --ssh-agent (default: ~/.ssh/known_hosts)")
      .addOption(dockerSocketOption())
      .option("--docker-policy <file>", "narrow what containers of --mount-docker-socket may reach, run and use, by a file of JSON")
      .addOption(new Option("--accept-host-root", "confirm --mount-docker-socket=raw without a question").hideHelp())
      .option("-q, --quiet", "no progress, notices or report"),
  );
