/** A path of a sandbox, taken apart for a tar. */
export interface PlaceInside {
  /** Absolute, without `.`, `..` or double slashes. */
  readonly path: string;
  /** Whether what is in the directory is meant, not the directory itself. */
  readonly contents: boolean;
  readonly parent: string;
  /** Last part; "" for the root directory. */
  readonly name: string;
}

/** What a person's path means in a sandbox: absolute, relative to the workspace, or beginning with `~/` for the home. */
export function placeInside(text: string, { workspace, home }: { readonly workspace: string; readonly home: string }): PlaceInside {
  const whole = text.startsWith("/") ? text : text === "~" || text.startsWith("~/") ? `${home}/${text.slice(2)}` : `${workspace}/${text}`;
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return { path: `/${parts.join("/")}`, contents: /(^|\/)\.$/.test(text), parent: `/${parts.slice(0, -1).join("/")}`, name: parts.at(-1) ?? "" };
}
