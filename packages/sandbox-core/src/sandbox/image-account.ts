import { AppError } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import { AGENT } from "../kit/workload-account.ts";
import type { EngineId, ImageEngine } from "../ports/engine.ts";
import { readAccounts } from "./read-accounts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

const NUMBER = /^[1-9][0-9]{0,8}$/;

/**
 * The account of an image that everything in its sandbox runs in, where a profile wants that; nothing where it is the floor's.
 *
 * @throws AppError `KIT_UNSUPPORTED` when the image has no such user, one of root's numbers, or a home elsewhere; `ENGINE_UNREACHABLE`
 */
export async function imageAccount(engine: ImageEngine, image: EngineId, { name: kit, account: name, home }: Pick<AgentProfile, "name" | "account" | "home">): Promise<Pick<SandboxRecord, "account">> {
  if (name === AGENT.name) return {};
  const line = (await readAccounts(engine, image, "/etc/passwd")).split("\n").find((one) => one.startsWith(`${name}:`));
  const [, , uid = "", gid = "", , own = ""] = line?.split(":") ?? [];
  const refuse = (why: string): AppError =>
    new AppError("KIT_UNSUPPORTED", {
      message: `Kit "${kit}" wants to run as "${name}" of its image (sbx@1), ${why}`,
      fix: `Make the user in its Dockerfile: useradd --create-home --home-dir ${home} ${name}`,
    });
  if (line === undefined) throw refuse("whom the image's /etc/passwd does not have");
  if (!NUMBER.test(uid) || !NUMBER.test(gid)) throw refuse("who has no ordinary numbers there");
  if (own !== home) throw refuse(`whose home is to be ${home}, and is another one there`);
  return { account: { name, uid: Number(uid), gid: Number(gid) } };
}
