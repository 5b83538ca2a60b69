import type { DaemonStatus } from "@sbx/contracts";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { show } from "../show.ts";

/** Status of the daemon; one that does not run is an answer, not a failure. */
export async function showStatus({ daemon, io }: Context, json: true | undefined): Promise<void> {
  const connection = await daemon.find();
  if (connection === undefined) {
    show(io, json, { result: { running: false, socket: daemon.paths.socket }, lines: () => ["The daemon does not run. Commands start it when they need it; or: sbx daemon start"] });
    return;
  }
  const result = { running: true, ...(await connection.client.status({})) };
  show(io, json, { result, lines });
}

function lines({ version, pid, startedAt, socket, stateDirectory, memoryBytes, sandboxes, engine }: DaemonStatus): readonly string[] {
  return [
    `daemon      sbxd ${version}, pid ${pid}, since ${startedAt}, ${Math.round(memoryBytes / 1_048_576)} MiB`,
    `socket      ${cleanText(socket)}`,
    `state       ${cleanText(stateDirectory)}`,
    `sandboxes   ${sandboxes}`,
    engine.reachable
      ? `engine      ${cleanText(engine.name)} ${cleanText(engine.version)} (API ${cleanText(engine.apiVersion)}) at ${cleanText(engine.endpoint)}`
      : `engine      not reachable: ${cleanText(engine.message)}\n            fix: ${cleanText(engine.fix)}`,
  ];
}
