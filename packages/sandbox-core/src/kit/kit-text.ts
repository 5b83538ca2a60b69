import * as z from "zod";

/** Small texts of the Kit grammar that several places use. */
export const AbsolutePath = z
  .string()
  .max(4096)
  .regex(/^\/[^\0]*$/, "an absolute path");

export const EnvName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "a variable's name: letters, digits and underscores");

/** Octal, as chmod takes it. */
export const Mode = z.string().regex(/^[0-7]{3,4}$/, 'an octal mode such as "644", in quotes');

/** `host`, `host:port`, `*.host` (one label), `*` and `**` (all). Read by `toDestination`. */
export const HostPatternText = z.string().min(1).max(300);

/** A text for `sh -c`, or the words of a command as they are. */
export const CommandLine = z.union(
  [
    z
      .string()
      .min(1)
      .max(64 * 1024),
    z
      .array(z.string().max(64 * 1024))
      .min(1)
      .max(200),
  ],
  { error: "a command: a text for the shell, or a list of words, not empty" },
);
export type CommandLine = z.infer<typeof CommandLine>;

/** The argument vector that a command line stands for. */
export function commandWords(command: CommandLine): readonly string[] {
  return typeof command === "string" ? ["sh", "-c", command] : command;
}
