import { AppError } from "@sbx/contracts";

/** The workspace that was asked for cannot be used. */
export function invalid(message: string, fix: string, details: Record<string, string> = {}): AppError {
  return new AppError("WORKSPACE_INVALID", { message, fix, details });
}

/** The workspace is not what it was, or not what it says. */
export function unsafe(message: string, fix: string, details: Record<string, string> = {}): AppError {
  return new AppError("WORKSPACE_UNSAFE", { message, fix, details });
}
