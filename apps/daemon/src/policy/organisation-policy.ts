import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { AppError } from "@sbx/contracts";
import * as z from "zod";

/** What whoever administers a machine forbids its users. Not to be set by them: no variable moves it. */
export const ORGANISATION_POLICY_FILE = "/etc/sbx/policy.json";

const MAX_BYTES = 64 << 10;
const Document = z.strictObject({ version: z.literal(1), dockerSocketRaw: z.boolean().default(true) });

/** What an organisation forbids on this machine; without a file, nothing. */
export interface OrganisationPolicy {
  /**
   * Called before the engine's own socket is given to an agent.
   *
   * @throws AppError `ORGANISATION_DENIED` when it is forbidden, `CONFIG_INVALID` when it cannot be told whether it is
   */
  checkRawSocket(): Promise<void>;
}

/** Read the file at each question. One that others than root may write, or that is not understood whole, forbids what it might forbid. */
export function createOrganisationPolicy(file: string = ORGANISATION_POLICY_FILE, owner = 0): OrganisationPolicy {
  return {
    async checkRawSocket() {
      const document = await read(file, owner);
      if (document?.dockerSocketRaw !== false) return;
      throw new AppError("ORGANISATION_DENIED", {
        message: `${file} forbids to give an agent the container engine of this machine`,
        fix: "Leave =raw out: --mount-docker-socket gives the agent a Docker API of its own",
      });
    },
  };
}

async function read(file: string, owner: number): Promise<z.output<typeof Document> | undefined> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stat = await handle.stat();
    if (!stat.isFile() || stat.uid !== owner || (stat.mode & 0o022) !== 0) throw new Error("it has to be a file of root's that nobody else may write");
    if (stat.size > MAX_BYTES) throw new Error("it is too long");
    return Document.parse(JSON.parse(await handle.readFile("utf8")));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : String(cause);
    throw new AppError("CONFIG_INVALID", { message: `${file} cannot be used: ${why}`, fix: `Have it corrected by who administers this machine: {"version":1,"dockerSocketRaw":false}`, cause });
  }
}
