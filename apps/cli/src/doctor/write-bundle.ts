import { open } from "node:fs/promises";
import { release, userInfo } from "node:os";
import path from "node:path";
import type { Client } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";
import { redact } from "./redact.ts";
import { lookAtAll, told } from "./run-doctor.ts";

const LOG_BYTES = 256 << 10;
const EVENTS = 200;

/**
 * Write what helps to find a fault into one text file that its reader can check before it goes anywhere.
 *
 * Credentials, the person's name and home, workspaces' names and hosts that sandboxes spoke with are not in it.
 * @returns the file @throws AppError `CONFIG_INVALID` when it is there already or cannot be written
 */
export async function writeBundle(context: Context, name: string): Promise<string> {
  const file = path.resolve(context.cwd, name);
  const client = (await context.daemon.find().catch(() => undefined))?.client;
  const sections = [
    ["versions", JSON.stringify({ sbx: context.version, node: process.versions.node, platform: `${process.platform} ${process.arch} ${release()}` }, null, 2)],
    ["checks", JSON.stringify((await lookAtAll(context)).map(told), null, 2)],
    ...(client === undefined
      ? [["daemon", "does not run"]]
      : [
          ["daemon", JSON.stringify(await client.status({}), null, 2)],
          ["sandboxes", await sandboxesText(client)],
          ["events", await eventsText(client)],
        ]),
    ["end of the log", await endOf(context.daemon.paths.log)],
  ];
  const text = sections.map(([title = "", body = ""]) => `== ${title}\n${body}\n`).join("\n");
  await create(file, redact(text, { home: context.home, user: userInfo().username }));
  return file;
}

/** What kind of sandboxes there are, and how they are; not what they are called or work on. */
async function sandboxesText(client: Client): Promise<string> {
  const sandboxes = await client.listSandboxes({});
  return JSON.stringify(
    sandboxes.map(({ id, agent, state, image, limits, docker, sessions }) => ({ id, agent, state, image, limits, docker, sessions: sessions.length })),
    null,
    2,
  );
}

/** What happened and to which sandbox; the fields of an event may name anything. */
async function eventsText(client: Client): Promise<string> {
  const events = await client.listEvents({ limit: EVENTS });
  return events.map(({ at, type, sandbox, fields }) => [at, type, sandbox ?? "-", typeof fields["code"] === "string" ? fields["code"] : ""].join(" ").trimEnd()).join("\n");
}

async function endOf(log: string): Promise<string> {
  try {
    await using handle = await open(log);
    const { size } = await handle.stat();
    const from = Math.max(0, size - LOG_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.subarray(0, bytesRead).toString("utf8");
  } catch {
    return "there is none";
  }
}

async function create(file: string, text: string): Promise<void> {
  try {
    await using handle = await open(file, "wx", 0o600);
    await handle.writeFile(text);
  } catch (error) {
    throw new AppError("CONFIG_INVALID", {
      message: `"${file}" cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      fix: "Name a file that is not there yet: sbx doctor --bundle FILE",
      cause: error,
    });
  }
}
