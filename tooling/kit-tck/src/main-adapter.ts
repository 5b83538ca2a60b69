import { readFileSync } from "node:fs";
import path from "node:path";
import { createSbx } from "@sbx/core";
import { createDaemonPort } from "@sbx/core/daemon";
import { AdapterSettings } from "./adapter-settings.ts";
import { bindSecret } from "./bind-secret.ts";
import { keptIn } from "./kept-sandboxes.ts";
import { EXIT, outcomeOf } from "./outcome.ts";
import { readCall } from "./read-call.ts";
import { runCall } from "./run-call.ts";

/** The adapter of sbx for the format's runtime suite: one call, one process. */
async function main(): Promise<number> {
  const call = readCall(process.argv.slice(2));
  if (typeof call === "string") {
    process.stderr.write(`${call}\n`);
    return EXIT.failed;
  }
  const { home, env, stores, directory, idleStopMs } = AdapterSettings.parse(JSON.parse(readFileSync(path.join(import.meta.dirname, "settings.json"), "utf8")));
  const place = (store?: "missing" | "empty") => ({ home, cwd: directory, env: { ...env, ...(store === undefined ? {} : stores[store]) } });
  const secret = process.env["KIT_TCK_BOUND_SECRET"];
  try {
    return await runCall(call, {
      sbx: (store) => createSbx(place(store)),
      endDaemon: async (store) => {
        await createDaemonPort(place(store)).stop();
      },
      bindSecret: async (store) => {
        if (secret !== undefined) await bindSecret((await createDaemonPort(place(store)).connect()).client, secret);
      },
      kept: keptIn(path.join(directory, "kept")),
      workspaces: path.join(directory, "workspaces"),
      idleStopMs,
      dockerHost: env["DOCKER_HOST"],
      stdout: process.stdout,
      stderr: process.stderr,
    });
  } catch (error) {
    const { code, said } = outcomeOf(error);
    process.stderr.write(`${said}\n`);
    return code;
  }
}

process.exitCode = await main();
