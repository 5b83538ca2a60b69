// A program of its own: a keychain may hang, ask its person, or take its process down.
import { text } from "node:stream/consumers";

/** Everything about one key, on standard input. */
interface Question {
  readonly action: "load" | "store" | "remove";
  readonly service: string;
  readonly account: string;
  readonly value?: string;
}

/** The person's own keychain alone: without this word the library falls back to the kernel's keys, which a reboot loses. */
const LASTING = { linux: { store: "secret-service" } } as const;

async function answer({ action, service, account, value }: Question): Promise<string | null> {
  const { Entry } = await import("@napi-rs/keyring");
  const entry = new Entry(service, account, LASTING);
  if (action === "store") entry.setPassword(value ?? "");
  else if (action === "remove") entry.deletePassword();
  return action === "load" ? entry.getPassword() : null;
}

try {
  const value = await answer(JSON.parse(await text(process.stdin)) as Question);
  process.stdout.write(JSON.stringify({ answered: true, value }));
} catch (error) {
  process.stdout.write(JSON.stringify({ answered: false, why: error instanceof Error ? error.message : String(error) }));
}
