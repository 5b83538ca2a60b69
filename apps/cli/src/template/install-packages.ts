import { AppError } from "@sbx/contracts/app-error";
import { PackageName } from "@sbx/contracts/template";
import type { Context } from "../context.ts";
import { findSandbox } from "../find-sandbox.ts";
import { show } from "../show.ts";
import { withProgress } from "../with-progress.ts";

export interface InstallOptions {
  readonly packages: readonly string[];
  readonly sandbox?: string | undefined;
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
}

/** `sbx install`. @throws AppError `USAGE` for what is no package's name, before anything is asked */
export async function installPackages(context: Context, { packages, sandbox: ref, json, quiet }: InstallOptions): Promise<void> {
  const names = packages.map(packageName);
  const connection = await context.daemon.connect();
  const { name } = await findSandbox(connection.client, ref, context);
  const { sandbox, pending } = await withProgress(context, connection, {
    quiet: quiet === true,
    work: (operation, signal) => connection.client.installPackages({ sandbox: name, packages: names, operation }, signal),
  });
  show(context.io, json, { result: { sandbox: sandbox.name, packages: sandbox.packages, pending }, lines: ({ packages: all }) => [`${sandbox.name}: ${all.join(" ")}`] });
  if (pending && json !== true) context.io.err(`sbx: a session runs in ${name}; the packages are there after: sbx stop ${name} && sbx start ${name}\n`);
}

function packageName(text: string): string {
  const name = PackageName.safeParse(text);
  if (name.success) return name.data;
  throw new AppError("USAGE", { message: `"${text}" is no package's name: ${name.error.issues[0]?.message ?? ""}`, fix: "Write names alone, as: sbx install ripgrep g++" });
}
