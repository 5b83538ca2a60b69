import { spawn } from "node:child_process";
import { PassThrough } from "node:stream";
import { AppError } from "@sbx/contracts/app-error";
import { ASKED_ADDRESSES } from "@sbx/contracts/sandbox-path";
import { SessionDrive } from "@sbx/core/client";
import { confirm } from "../confirm.ts";
import type { Connection, Context } from "../context.ts";
import { findSandbox } from "../find-sandbox.ts";
import { show } from "../show.ts";
import { askedAddresses } from "./asked-addresses.ts";

/** Read of what a sandbox wrote down, in bytes. */
const MOST_BYTES = 16_384;

/** `sbx open`: show what a sandbox asks for, and open each address only after a yes. What was shown is not asked for again. */
export async function openAddresses(context: Context, ref: string | undefined, { json }: { readonly json: boolean }): Promise<void> {
  const connection = await context.daemon.connect();
  const { name } = await findSandbox(connection.client, ref, context);
  const addresses = askedAddresses(await readAsked(connection, name));
  if (json || addresses.length === 0) {
    show(context.io, json, { result: addresses, lines: () => [`Nothing is asked for in ${name}.`] });
    return;
  }
  for (const address of addresses) {
    context.io.out(`${name} asks for ${new URL(address).host} to be opened:\n  ${address}\n`);
    await confirm(context, { question: "Open it in this machine's browser?", unasked: `sbx open ${name} --json, and open it yourself` });
    await openInBrowser(address);
  }
}

/** Its program runs as the sandbox's user; whatever it says is judged here. */
async function readAsked({ client, attach }: Connection, sandbox: string): Promise<string> {
  const script = `tail -n 5 ${ASKED_ADDRESSES} 2>/dev/null | head -c ${MOST_BYTES}; rm -f ${ASKED_ADDRESSES}`;
  const session = await client.openSession({ sandbox, kind: "exec", mode: "streams", args: ["/bin/sh", "-c", script], stdin: false });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let text = "";
  stdout.setEncoding("utf8").on("data", (piece: string) => {
    text = (text + piece).slice(0, MOST_BYTES);
  });
  stderr.resume();
  const end = await new SessionDrive(await attach(session.id, new AbortController().signal), { stdout, stderr }).end;
  if (end.kind === "problem") throw end.error;
  return text;
}

/** The address is one word of the program's, and no shell's. */
async function openInBrowser(address: string): Promise<void> {
  const program = process.platform === "darwin" ? "open" : "xdg-open";
  await new Promise<void>((resolve, reject) => {
    const opener = spawn(program, [address], { stdio: "ignore", detached: true });
    opener.once("spawn", () => {
      opener.unref();
      resolve();
    });
    opener.once("error", (cause) => {
      reject(new AppError("PLATFORM_UNSUPPORTED", { message: `No browser could be opened: ${program} is not there`, fix: "Open the address above yourself.", cause }));
    });
  });
}
