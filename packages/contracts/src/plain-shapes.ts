import * as z from "zod";
import { SandboxRef } from "./ids.ts";

/** Asks for something that needs no words. */
export const Nothing = z.strictObject({});
/** Answers what has nothing to tell but that it was done. */
export const Done = z.object({ done: z.literal(true) });
/** Names a sandbox, and no more. */
export const OfSandbox = z.strictObject({ sandbox: SandboxRef });
/** A path of this machine, or of a sandbox, that begins at the root. */
export const AbsolutePath = z.string().min(1).max(4096).startsWith("/");
/** Name of a variable of an environment. */
export const EnvName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/);
