import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import * as z from "zod";

/** The operating system's store of passwords, as far as the vault needs it. */
export interface Keychain {
  /** `undefined` when it has none of this name. @throws KeychainSilent */
  load(account: string): Promise<string | undefined>;
  /** @throws KeychainSilent */
  store(account: string, value: string): Promise<void>;
}

/** No keychain answered, or it refused; the message says why. */
export class KeychainSilent extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "KeychainSilent" });
  }
}

/** How long a keychain may take: one that is locked has to ask its person, and one without a person never answers. */
const TIMEOUT_MS = 5000;
const SERVICE = "sbx";
/** What leads to a keychain; nothing else of the environment goes along. */
const VARIABLES = ["HOME", "USER", "LOGNAME", "PATH", "LANG", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "SystemRoot", "USERPROFILE", "APPDATA", "LOCALAPPDATA"];

const Answer = z.discriminatedUnion("answered", [
  z.object({ answered: z.literal(true), value: z.string().nullable().optional() }),
  z.object({ answered: z.literal(false), why: z.string().max(2000) }),
]);

/** Reach the keychain through a process of its own, which is ended when it does not answer in time. */
export function createKeychain(environment: Readonly<Record<string, string | undefined>>, timeoutMs = TIMEOUT_MS): Keychain {
  const env = Object.fromEntries(VARIABLES.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])));
  const ask = async (question: { readonly action: "load" | "store"; readonly account: string; readonly value?: string }): Promise<string | undefined> => {
    const printed = await run(JSON.stringify({ ...question, service: SERVICE }), env, timeoutMs);
    const answer = Answer.safeParse(printed).data;
    if (answer === undefined) throw new KeychainSilent("its process ended without an answer");
    if (!answer.answered) throw new KeychainSilent(answer.why);
    return answer.value ?? undefined;
  };
  return {
    load: (account) => ask({ action: "load", account }),
    store: async (account, value) => void (await ask({ action: "store", account, value })),
  };
}

/** What the process printed, parsed; `undefined` when that was no document. */
async function run(input: string, env: Readonly<Record<string, string>>, timeoutMs: number): Promise<unknown> {
  // Sources run as they are, and what is built lies beside this file too.
  const program = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./keychain-process.ts" : "./keychain-process.js", import.meta.url));
  const child = spawn(process.execPath, [program], { env: { ...env }, stdio: ["pipe", "pipe", "ignore"], windowsHide: true });
  const late = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  try {
    // One that ended early reads no more; its end tells.
    child.stdin.on("error", () => {}).end(input);
    const [printed] = await Promise.all([text(child.stdout), once(child, "close")]);
    if (child.signalCode !== null) throw new KeychainSilent(`no answer within ${timeoutMs / 1000} seconds`);
    return parse(printed);
  } finally {
    clearTimeout(late);
  }
}

function parse(printed: string): unknown {
  try {
    return JSON.parse(printed);
  } catch {
    return undefined;
  }
}
