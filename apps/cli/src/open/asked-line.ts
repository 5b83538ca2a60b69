import type { Client } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { ASKED_ADDRESSES, COPIED_TEXT } from "@sbx/contracts/sandbox-path";

/** What to say after a terminal session in which a program asked its person for something: on its screen it may have been overwritten. */
export async function askedLines(client: Client, sandbox: string): Promise<readonly string[]> {
  const [address, text] = await Promise.all([ASKED_ADDRESSES, COPIED_TEXT].map((path) => isAsked(client, sandbox, path)));
  return [
    ...(address === true ? [`sbx: a program in ${sandbox} asked to have a web address opened; see it with: sbx open ${sandbox}`] : []),
    ...(text === true ? [`sbx: a program in ${sandbox} asked to have a text copied; see it with: sbx copied ${sandbox}`] : []),
  ];
}

async function isAsked(client: Client, sandbox: string, path: string): Promise<boolean> {
  try {
    const { kind, sizeBytes = 0 } = await client.inspectPath({ sandbox, path });
    return kind === "file" && sizeBytes > 0;
  } catch (error) {
    // Mostly: nothing was asked for. A sandbox that is gone asks for nothing either.
    if (AppError.is(error)) return false;
    throw error;
  }
}
