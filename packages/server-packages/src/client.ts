import { readFile } from "node:fs/promises";
import { AppError } from "@sbx/contracts";
import * as z from "zod";

/** A client that installs packages of one kind: what is run in the pod, and how its programs are started. */
export interface PackageClient {
  readonly kind: "npm" | "pypi";
  /**
   * Command of an operation, whose script says JSON documents, a line each: `index` an {@link Index}; `install` first
   * {@link Viewed}, then, when it was told to go on, {@link Installed}.
   */
  command(operation: "index" | "install", wanted: { readonly name: string; readonly version: string; readonly index: string | undefined }): Promise<readonly string[]>;
  /** Variables that point it to an index. */
  env(index: string | undefined): Readonly<Record<string, string>>;
  programPath(program: string): string;
}

export const Index = z.object({ index: z.url({ protocol: /^https?$/ }) });
export const Viewed = z.object({ files: z.array(z.string()).min(1).max(1000), integrity: z.string().optional() });
export type Viewed = z.infer<typeof Viewed>;
export const Installed = z.object({
  resolved: z.string().min(1),
  integrity: z.string().min(1),
  version: z.string(),
  programs: z.array(z.string()).max(1000),
  main: z.string(),
  tree: z.string(),
  bytes: z.number(),
});
export type Installed = z.infer<typeof Installed>;

/** Parse what a script of ours said. @throws AppError `SERVER_FAILED` */
export function parseSaid<T>(schema: z.ZodType<T>, text: string, server: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError("SERVER_FAILED", { message: `Server "${server}" could not be installed: its package manager said what cannot be understood`, fix: "Run: sbx doctor; then try again.", cause });
  }
}

const inside = (name: string): Promise<string> => readFile(new URL(`../inside/${name}`, import.meta.url), "utf8");

/** npm, told to run no script of any package. */
export const NPM: PackageClient = {
  kind: "npm",
  command: async (operation, { name, version, index = "" }) => ["/usr/local/bin/node", "-e", await inside("npm.cjs"), operation, name, version, index],
  env: (index) => ({ NPM_CONFIG_UPDATE_NOTIFIER: "false", ...(index === undefined ? {} : { NPM_CONFIG_REGISTRY: index }) }),
  programPath: (program) => `/opt/mcp/node_modules/.bin/${program}`,
};

/** uv, told to take wheels only: they are unpacked and not built. */
export const PYPI: PackageClient = {
  kind: "pypi",
  command: async (operation, { name, version }) => ["/usr/bin/python3", "-c", await inside("pypi.py"), operation, name, version],
  env: (index) => (index === undefined ? {} : { PIP_INDEX_URL: index }),
  programPath: (program) => `/opt/mcp/venv/bin/${program}`,
};
