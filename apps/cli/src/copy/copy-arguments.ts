import { AppError } from "@sbx/contracts/app-error";

/** Where something is copied from or to: a place in a sandbox, a path of this machine, or a tar on our own streams. */
export type CopySide = { readonly kind: "sandbox"; readonly sandbox: string; readonly path: string } | { readonly kind: "host"; readonly path: string } | { readonly kind: "stream" };

/**
 * Take `SANDBOX:PATH`, `PATH` and `-` apart. What begins with `/`, `./`, `../` or `~` is a path of this machine, whatever it
 * has in it; a sandbox's name has no slash.
 */
export function copySide(text: string): CopySide {
  if (text === "-") return { kind: "stream" };
  const [, sandbox, path] = /^([A-Za-z0-9][A-Za-z0-9._-]{1,62}):(.*)$/s.exec(text) ?? [];
  if (sandbox === undefined || path === undefined) return { kind: "host", path: text };
  return { kind: "sandbox", sandbox, path: path === "" ? "." : path };
}

/** A copy in one direction. */
export type Copy =
  | { readonly direction: "in"; readonly from: Extract<CopySide, { kind: "host" | "stream" }>; readonly to: Extract<CopySide, { kind: "sandbox" }> }
  | { readonly direction: "out"; readonly from: Extract<CopySide, { kind: "sandbox" }>; readonly to: Extract<CopySide, { kind: "host" | "stream" }> };

/** @throws AppError `USAGE` unless exactly one side is a sandbox's */
export function copyArguments(source: string, destination: string): Copy {
  const [from, to] = [copySide(source), copySide(destination)];
  if (from.kind !== "sandbox" && to.kind === "sandbox") return { direction: "in", from, to };
  if (from.kind === "sandbox" && to.kind !== "sandbox") return { direction: "out", from, to };
  if (from.kind === "sandbox")
    throw new AppError("USAGE", { message: "Both sides are sandboxes, and files are not copied from one to another", fix: "Copy them to this machine first, look at them, then copy them on." });
  throw new AppError("USAGE", { message: "Neither side is a sandbox", fix: "Write: sbx cp SRC SANDBOX:DEST, or sbx cp SANDBOX:SRC DEST" });
}
