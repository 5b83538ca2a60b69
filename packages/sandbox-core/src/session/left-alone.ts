import { AppError } from "@sbx/contracts";

/** Why nobody here will learn how a process ends: it goes on, and this daemon does not look at it any more. */
export function leftAlone(): AppError {
  return new AppError("INTERRUPTED", { message: "The process was left alone; how it ends is not known here.", fix: "Attach to its session again." });
}
