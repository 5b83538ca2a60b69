import type { Client } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";
import { placeText } from "../daemon/show-status.ts";
import { vaultText } from "../secret/list-secrets.ts";
import { fail, mendable, ok, warn, type Check } from "./check.ts";

/** The daemon, if one runs, and what only it knows. None is started. */
export async function daemonChecks({ daemon, version }: Context): Promise<readonly Check[]> {
  try {
    const connection = await daemon.find();
    if (connection === undefined) return [ok("daemon", "does not run; commands start it when they need it")];
    return await runningChecks(connection.client, version);
  } catch (error) {
    if (AppError.is(error)) return [fail("daemon", error.message, error.fix)];
    throw error;
  }
}

async function runningChecks(client: Client, version: string): Promise<readonly Check[]> {
  const [status, vault, events] = await Promise.all([client.status({}), client.vaultStatus({}), client.listEvents({ limit: 10_000 })]);
  const daemon =
    status.version === version
      ? ok("daemon", `sbxd ${status.version}, pid ${status.pid}, ${status.sandboxes} ${status.sandboxes === 1 ? "sandbox" : "sandboxes"}`)
      : mendable(warn("daemon", `sbxd ${status.version}, but this is sbx ${version}`, "Bring both to the same version with: sbx daemon stop"), {
          what: "end it, so that the next command starts the one that is installed; sandboxes go on",
          run: async () => void (await client.shutdown({})),
        });
  // Of the vault more is told below.
  const hurt = status.parts.flatMap(({ name, state, detail, fix = "Look into the log with: sbx daemon logs" }) =>
    state === "ok" || name === "secrets" ? [] : [(state === "failed" ? fail : warn)(`daemon's ${name}`, detail, fix)],
  );
  const intercept = events.findLast(({ type }) => type === "gate.ready")?.fields["intercept"];
  return [
    daemon,
    ...(status.beside === undefined ? [] : [ok("daemon's place", placeText(status.beside))]),
    ...hurt,
    ...(intercept === undefined ? [] : [ok("wall", `takes a pod's connections by ${String(intercept) === "tproxy" ? "TPROXY" : "REDIRECT"}`)]),
    ...(vault.state === "locked" ? [fail("vault", vault.message, vault.fix)] : [ok("vault", vaultText(vault)), await keyCheck(client)]),
  ];
}

/** A file of the person's that is wrong is told as what it is, and keeps nothing else from being checked. */
async function keyCheck(client: Client): Promise<Check> {
  try {
    const keys = (await client.listSecrets({})).filter(({ boundTo }) => boundTo.some(({ kind }) => kind === "model"));
    return ok("model keys", keys.length === 0 ? "none; the bundled scripted model answers" : keys.map(({ name, source }) => `${name} (${source})`).join(", "));
  } catch (error) {
    if (AppError.is(error)) return fail("model keys", error.message, error.fix);
    throw error;
  }
}
