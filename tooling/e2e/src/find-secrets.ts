import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Host } from "./open-host.ts";
import { spellings } from "./spellings.ts";

/** What to look in, beside the texts given: everything that a sandbox, its containers and the daemon hold. */
export interface Search {
  readonly secrets: readonly string[];
  /** Something that is there, which shows that the search finds. */
  readonly known: string;
  readonly sandbox: string;
  readonly texts: readonly string[];
}

/** Look for secrets in every spelling wherever an agent or a reader of the daemon's files could meet them. Resolves with where they are, and where what is known is. */
export async function findSecrets(host: Host, { secrets, known, sandbox, texts }: Search): Promise<{ readonly found: readonly string[]; readonly control: readonly string[] }> {
  const { id } = await host.sandbox(sandbox);
  const inside = await host.sbx([
    "exec",
    sandbox,
    "sh",
    "-c",
    "env; tar c -C ~ . 2>/dev/null; tar c --exclude=node_modules /tmp /etc /run/sbx 2>/dev/null; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline",
  ]);
  const containers = await Promise.all((await host.containersOf(id)).map(({ Id }) => host.inspect(Id)));
  const files = [host.stateDirectory, path.join(path.dirname(host.stateDirectory), "config")].flatMap((directory) =>
    readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((one) => (one.isFile() ? [path.join(one.parentPath, one.name)] : [])),
  );
  const places: readonly (readonly [string, string])[] = [
    ["inside", inside.stdout],
    ["events", JSON.stringify(await host.events())],
    ["daemon logs", (await host.sbx(["daemon", "logs"])).stdout],
    ["server logs", (await host.sbx(["mcp", "logs", "github-official"])).stdout],
    ["session logs", (await host.sbx(["logs", sandbox])).stdout],
    ...containers.map((text) => ["container", text] as const),
    ...files.map((file) => [file, textOf(file)] as const),
    ...texts.map((text, index) => [`text ${index}`, text] as const),
  ];
  const placesOf = (needles: readonly string[]): readonly string[] => places.filter(([, text]) => needles.some((needle) => text.includes(needle))).map(([place]) => place);
  return { found: placesOf(secrets.flatMap(spellings)), control: placesOf([known]) };
}

/** What a file holds; nothing when it went after it was listed, as files do that are made under another name first. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
