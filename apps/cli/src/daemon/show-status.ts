import type { DaemonPart, DaemonStatus } from "@sbx/contracts";
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
  show(io, json, { result, lines: (status) => lines(status, io.colour.stdout) });
}

const COLOURS = { degraded: 33, failed: 31 } as const;

function lines({ version, pid, startedAt, socket, stateDirectory, memoryBytes, sandboxes, parts }: DaemonStatus, colour: boolean): readonly string[] {
  return [
    `daemon      sbxd ${version}, pid ${pid}, since ${startedAt}, ${Math.round(memoryBytes / 1_048_576)} MiB`,
    `socket      ${cleanText(socket)}`,
    `state       ${cleanText(stateDirectory)}`,
    `sandboxes   ${sandboxes}`,
    ...parts.flatMap((part) => partLines(part, colour)),
  ];
}

function partLines({ name, state, detail, fix }: DaemonPart, colour: boolean): readonly string[] {
  const word = state === "ok" ? "" : colour ? `\u001B[${COLOURS[state]}m${state}\u001B[39m: ` : `${state}: `;
  return [`${name.padEnd(12)}${word}${cleanText(detail)}`, ...(fix === undefined ? [] : [`            fix: ${cleanText(fix)}`])];
}
