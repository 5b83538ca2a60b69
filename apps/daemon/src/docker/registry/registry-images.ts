import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError, type RegistryRule, type Rule } from "@sbx/contracts";
import type { GuardImages } from "@sbx/docker-guard";
import { coversImage, formatImageAddress, parseImageAddress, parseImagePattern, type ImageAddress } from "@sbx/egress-policy";
import type { Secret } from "@sbx/secret-injector";
import { pullRemote } from "./pull-remote.ts";
import { pushRemote } from "./push-remote.ts";
import { RegistryClient } from "./registry-client.ts";
import { RegistryWays, type RegistryWaysParts } from "./registry-ways.ts";

/** What decides about the registries of one sandbox. */
export interface RegistryImagesParts {
  /** Those of the sandbox before those of all. @throws AppError `CONFIG_INVALID` */
  readonly registries: () => Promise<readonly RegistryRule[]>;
  /** The rules of destinations, whose denials hold for registries too. @throws AppError `CONFIG_INVALID` */
  readonly rules: () => readonly Rule[];
  /** The login that a rule names. @throws AppError `VAULT_LOCKED` */
  readonly login: (secret: string) => Promise<Secret | undefined>;
  /** At the end of a command that allows something: " --sandbox NAME"; absent where no command does. */
  readonly scope?: string;
  readonly world?: RegistryWaysParts["world"];
}

/** Bring images from registries and give them to some, as the rules of registries say. What none allows is refused before anybody is asked. */
export function createRegistryImages(parts: RegistryImagesParts): Pick<GuardImages, "pull" | "push"> {
  const clientFor = async (action: RegistryRule["action"], address: ImageAddress): Promise<RegistryClient> => {
    const rule = findRule(await parts.registries(), action, address);
    if (rule === undefined) throw denied(action, address, parts.scope);
    const ways = new RegistryWays({ registry: address.registry, rules: parts.rules, ...(parts.world === undefined ? {} : { world: parts.world }) });
    const { secret } = rule;
    return new RegistryClient({
      ways,
      repository: address.repository,
      actions: action === "pull" ? "pull" : "pull,push",
      login: secret === undefined ? undefined : { name: secret, find: () => parts.login(secret) },
    });
  };
  return {
    async pull(reference, { architecture }, signal) {
      const address = parseImageAddress(reference);
      return pullRemote(await clientFor("pull", address), address, { architecture, signal });
    },
    async push(reference) {
      const address = parseImageAddress(reference);
      const client = await clientFor("push", address);
      const directory = await mkdtemp(path.join(tmpdir(), "sbx-push-"));
      const { send, ...pushing } = pushRemote(client, { address, directory });
      return {
        send,
        async [Symbol.asyncDispose]() {
          await pushing[Symbol.asyncDispose]();
          await rm(directory, { recursive: true, force: true });
        },
      };
    },
  };
}

/** The rule that allows it; one that has a login before one that has none. */
function findRule(rules: readonly RegistryRule[], action: RegistryRule["action"], address: ImageAddress): RegistryRule | undefined {
  const fitting = rules.filter((rule) => rule.action === action && coversImage(parseImagePattern(rule.images), address));
  return fitting.find(({ secret }) => secret !== undefined) ?? fitting[0];
}

function denied(action: RegistryRule["action"], address: ImageAddress, scope: string | undefined): AppError {
  const name = formatImageAddress(address);
  if (scope === undefined)
    return new AppError("EGRESS_DENIED", { message: `The policy of this Docker API has no rule to ${action} ${name}`, fix: "Name it under images in the policy, and serve it again" });
  return new AppError("EGRESS_DENIED", { message: `No rule lets this sandbox ${action} ${name}`, fix: `A person can allow it with: sbx docker allow-${action} ${name}${scope}` });
}
