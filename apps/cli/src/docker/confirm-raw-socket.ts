import { createInterface } from "node:readline/promises";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";

const GIVEN_AWAY = [
  "--mount-docker-socket=raw hands the container engine of this machine to the agent.",
  "Whoever has it is root on this machine: it reads and changes every file, every credential and every other container,",
  "and no rule of sbx holds for it. What it starts stays when the sandbox goes.",
];
const WORD = "give it away";

/** Ask the person before an agent gets the engine itself. @throws AppError `USAGE` without a clear yes */
export async function confirmRawSocket({ io }: Context, accepted: boolean): Promise<void> {
  if (accepted) return;
  const refused = new AppError("USAGE", {
    message: "The raw Docker socket makes the agent root on this machine, and nobody has confirmed that",
    fix: "Leave =raw out: --mount-docker-socket gives the agent a Docker API of its own; or add --accept-host-root",
  });
  if (io.stdinKind() !== "terminal") throw refused;
  io.err(`${GIVEN_AWAY.join("\n")}\n`);
  const lines = createInterface({ input: io.stdin(), output: io.stderr });
  try {
    if ((await lines.question(`Type "${WORD}" to go on: `)).trim() !== WORD) throw refused;
  } finally {
    lines.close();
  }
}
