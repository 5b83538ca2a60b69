import * as z from "zod";
import { SandboxRef } from "./ids.ts";

/** Asks for something that needs no words. */
export const Nothing = z.strictObject({});
/** Answers what has nothing to tell but that it was done. */
export const Done = z.object({ done: z.literal(true) });
/** Names a sandbox, and no more. */
export const OfSandbox = z.strictObject({ sandbox: SandboxRef });
