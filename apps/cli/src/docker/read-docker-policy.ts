import { readFile } from "node:fs/promises";
import { AppError } from "@sbx/contracts/app-error";
import { JsonRefused, parseJsonBytes } from "@sbx/contracts/parse-json";
import { DockerPolicy } from "@sbx/contracts/sandbox";
import type { Context } from "../context.ts";
import { absolutePath } from "../run/workspace-path.ts";

const EXAMPLE = '{"version":1,"hosts":["api.example.org"],"images":["postgres:16"],"limits":{"totalMemoryBytes":4294967296}}';

/** Read the file of `--docker-policy`. @throws AppError `CONFIG_INVALID` for one that is not understood whole */
export async function readDockerPolicy(context: Pick<Context, "cwd" | "home">, file: string): Promise<DockerPolicy> {
  const invalid = (why: string, cause: unknown): AppError => new AppError("CONFIG_INVALID", { message: `The Docker policy "${file}" cannot be used: ${why}`, fix: `Write it as ${EXAMPLE}`, cause });
  const bytes = await readFile(absolutePath(file, context)).catch((error: unknown) => {
    throw invalid("the file cannot be read", error);
  });
  try {
    const { data, error } = DockerPolicy.safeParse(parseJsonBytes(bytes));
    if (data !== undefined) return data;
    const [issue] = error.issues;
    throw invalid(`${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim(), error);
  } catch (error) {
    if (error instanceof JsonRefused) throw invalid(error.message, error);
    throw error;
  }
}
