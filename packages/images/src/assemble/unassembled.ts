import { AppError } from "@sbx/contracts";

/** `KIT_UNSUPPORTED` for what a recipe uses and the classic builder cannot be given in another form. */
export function unassembled(name: string, { line, what, fix }: { readonly line: number; readonly what: string; readonly fix: string }): AppError {
  return new AppError("KIT_UNSUPPORTED", { message: `Line ${line} of the Dockerfile of agent "${name}" uses ${what}, which needs BuildKit.`, fix });
}
