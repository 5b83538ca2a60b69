import type { Client } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { ASKED_ADDRESSES } from "@sbx/contracts/sandbox-path";

/** What to say after a terminal session in which a program asked for a web address: on its screen it may have been overwritten. */
export async function askedLines(client: Client, sandbox: string): Promise<readonly string[]> {
  try {
    const { kind, sizeBytes = 0 } = await client.inspectPath({ sandbox, path: ASKED_ADDRESSES });
    return kind === "file" && sizeBytes > 0 ? [`sbx: a program in ${sandbox} asked to have a web address opened; see it with: sbx open ${sandbox}`] : [];
  } catch (error) {
    // Mostly: nothing was asked for. A sandbox that is gone asks for nothing either.
    if (AppError.is(error)) return [];
    throw error;
  }
}
