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

/** Where a daemon is that does not run on this machine. */
export function placeText({ container, engine, volume, shares }: NonNullable<DaemonStatus["beside"]>): string {
  return `container ${container} beside the engine at ${engine}, its state in the volume ${volume}; sees ${shares.join(", ") || "nothing"} of this machine`;
}

const COLOURS = { degraded: 33, failed: 31 } as const;

function lines({ version, pid, startedAt, socket, stateDirectory, memoryBytes, sandboxes, parts, beside }: DaemonStatus, colour: boolean): readonly string[] {
  return [
    `daemon      sbxd ${version}, pid ${pid}, since ${startedAt}, ${Math.round(memoryBytes / 1_048_576)} MiB`,
    `socket      ${cleanText(socket)}`,
    `state       ${cleanText(stateDirectory)}`,
    ...(beside === undefined ? [] : [`place       ${cleanText(placeText(beside))}`]),
    `sandboxes   ${sandboxes}`,
    ...parts.flatMap((part) => partLines(part, colour)),
  ];
}

function partLines({ name, state, detail, fix }: DaemonPart, colour: boolean): readonly string[] {
  const word = state === "ok" ? "" : colour ? `\u001B[${COLOURS[state]}m${state}\u001B[39m: ` : `${state}: `;
  return [`${name.padEnd(12)}${word}${cleanText(detail)}`, ...(fix === undefined ? [] : [`            fix: ${cleanText(fix)}`])];
}
