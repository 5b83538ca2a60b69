import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chooseAgent, taskArguments } from "./choose-agent.ts";
import { credentialPaths } from "./host-secrets.ts";
import { runSbx } from "./run-sbx.ts";
import { makeSampleProject } from "./sample-project.ts";
import { sandboxName } from "./sandbox-name.ts";
import { summary } from "./summary.ts";
import { TASK } from "./task.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const launcher = path.join(root, "apps/cli/bin/sbx.mjs");
const project = path.join(root, ".cache/quickstart/sample-project");
const say = (text: string): void => void process.stdout.write(`${text}\n`);

makeSampleProject(project);
const { agent, model } = chooseAgent(process.env);
say(`\nRunning ${agent} in a sandbox on ${path.relative(root, project)}; its model is ${model}.\n`);
const sbx = (args: readonly string[], show = false): ReturnType<typeof runSbx> => runSbx(launcher, args, { show, cwd: project });

const listing = await sbx(["ls", "--json"]);
const name = sandboxName(agent, { project, listing: listing.code === 0 ? listing.stdout : "[]" });
const began = performance.now();
const run = await sbx(["run", "--name", name, "--deadline", "10m", agent, project, "--", ...taskArguments(agent, TASK)], true);
if (run.code === 0) {
  const paths = credentialPaths(homedir());
  const inside = await sbx(["exec", name, "sh", "-c", 'for p; do [ -e "$p" ] && printf "%s\\n" "$p"; done; true', "sh", ...paths.map((entry) => entry.path)]);
  const seconds = (performance.now() - began) / 1000;
  const events = await sbx(["events", "--json", "--sandbox", name, "--since", `${Math.ceil(seconds)}s`]);
  say(summary({ agent, name, project: path.relative(root, project), seconds, paths, visible: inside.stdout.split("\n").filter((line) => line !== ""), events: events.stdout, projectPath: project }));
}
process.exitCode = run.code;
