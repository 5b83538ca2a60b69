import * as z from "zod";

/** What a person calls a template: lower-case letters and digits with single dots, dashes or underscores, and `:TAG` if they like. */
export const TemplateName = z
  .string()
  .max(63)
  .regex(
    /^[a-z0-9]+(?:[._-][a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/,
    "a template's name has lower-case letters and digits, with single dots, dashes or underscores between them, and :TAG if you like",
  );
export type TemplateName = z.infer<typeof TemplateName>;

/** A path below a sandbox's home, without `..`; `.` is all of it. */
export const HomePath = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^(?!\/)[^\p{Cc}]+$/u, "a path below the home has no control characters and does not begin with a slash")
  .refine((path) => path === "." || path.split("/").every((part) => part !== "" && part !== "." && part !== ".."), "a path below the home is written plainly, without . and ..");

/**
 * A package of the system as its distribution names it, with `=VERSION` if one is wanted. No pattern, no path, no option,
 * and no `-` at its end, by which apt-get would take a package away.
 */
export const PackageName = z
  .string()
  .max(200)
  .regex(/^[a-z0-9][a-z0-9+.-]*[a-z0-9+](?:=[A-Za-z0-9][A-Za-z0-9.+:~-]*)?$/, "a package is named by lower-case letters, digits, plus, minus and dots, with =VERSION if one is wanted");
export type PackageName = z.infer<typeof PackageName>;

/** A template: the image of a sandbox's agent with its packages, and of the home what was named. */
export const TemplateView = z.object({
  name: TemplateName,
  /** Agent, or absolute path of the Kit, of the sandbox that it was saved from. */
  agent: z.string(),
  createdAt: z.iso.datetime(),
  image: z.string(),
  packages: z.array(z.string()),
  /** Paths of the home that it has. */
  home: z.array(z.string()),
  /** What lies there and was left out: secrets, histories, caches, and files that programs run by themselves. At most 200. */
  leftOut: z.array(z.string()),
});
export type TemplateView = z.infer<typeof TemplateView>;
