import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { Client } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { filePath, readInput } from "./read-input.ts";

const FILES = { registry: "registry.yaml", config: "config.yaml", tools: "tools.yaml" } as const;

type StateTexts = Partial<Record<keyof typeof FILES, string>>;

/** Take over the files of Docker's toolkit. Nothing there is changed. */
export async function importDocker(context: Context, directory: string, { dryRun, force }: { readonly dryRun: boolean; readonly force: boolean }): Promise<void> {
  const root = filePath(context, directory);
  const files = await stateFiles(context, root);
  const catalogs = await yamlFiles(path.join(root, "catalogs"));
  if (catalogs.length === 0 && Object.keys(files).length === 0) {
    throw new AppError("USAGE", {
      message: `${root} has none of the toolkit's files`,
      fix: "Name the directory that has registry.yaml and catalogs/. A newer toolkit keeps profiles in a database: export them with docker mcp profile export ID FILE, then: sbx mcp profile import FILE",
    });
  }
  const { client } = await context.daemon.connect();
  if (!force) await refuseLoss(client, Object.keys(files));
  for (const file of catalogs) await takeCatalog(context, client, { file, dryRun });
  await takeFiles(context, client, { root, files, dryRun });
}

async function takeFiles({ io }: Context, client: Client, { root, files, dryRun }: { readonly root: string; readonly files: StateTexts; readonly dryRun: boolean }): Promise<void> {
  if (!dryRun && Object.keys(files).length > 0) await client.writeStateFiles(files);
  for (const name of Object.keys(files)) io.out(`${dryRun ? "would take over" : "took over"} ${path.join(root, FILES[name as keyof typeof FILES])}\n`);
  if (dryRun) return;
  const servers = await client.listServers({});
  io.out(`${servers.length} server(s) are enabled\n`);
  const lacking = servers.filter(({ secrets }) => secrets === "required" || secrets === "partial");
  for (const { name } of lacking) io.err(`sbx: ${name} needs secrets, which are not in these files: sbx mcp server inspect ${name}\n`);
}

async function takeCatalog({ io, ...context }: Context, client: Client, { file, dryRun }: { readonly file: string; readonly dryRun: boolean }): Promise<void> {
  const name = path.basename(file, ".yaml");
  try {
    const { servers, problems } = await client.importCatalog({ origin: `file:${file}`, text: await readInput(context, file), name, dryRun });
    io.out(`${dryRun ? "would import" : "imported"} catalog ${name} with ${servers} servers\n`);
    for (const problem of problems) io.err(`sbx: ${cleanText(problem)}\n`);
  } catch (error) {
    // One catalog that cannot be read keeps nobody from the others.
    if (!AppError.is(error)) throw error;
    io.err(`sbx: catalog ${name} was left out: ${cleanText(error.message)}\n`);
  }
}

async function stateFiles(context: Context, root: string): Promise<StateTexts> {
  const found: StateTexts = {};
  for (const [name, file] of Object.entries(FILES) as [keyof typeof FILES, string][]) {
    if ((await stat(path.join(root, file)).catch(() => undefined))?.isFile() === true) found[name] = await readInput(context, path.join(root, file));
  }
  return found;
}

async function yamlFiles(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((): string[] => []);
  return names
    .filter((name) => name.endsWith(".yaml"))
    .toSorted()
    .map((name) => path.join(directory, name));
}

async function refuseLoss(client: Client, names: readonly string[]): Promise<void> {
  for (const file of names) {
    const { text } = await client.readStateFile({ file: file as keyof typeof FILES });
    if (text.trim() !== "")
      throw new AppError("NAME_TAKEN", {
        message: `There is a ${FILES[file as keyof typeof FILES]} here already, and it would be replaced`,
        fix: "Look at it with: sbx mcp server ls and sbx mcp config read; replace it with: sbx mcp import-docker --force",
      });
  }
}
