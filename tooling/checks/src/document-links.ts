import { existsSync } from "node:fs";
import path from "node:path";
import type { TrackedFile } from "./tracked-files.ts";

/** Names in backticks that begin with one of our own folders are promises that the place exists. */
const OWN = /^(?:packages|apps|tooling|docs|\.changeset)\/[\w./@-]*$/;

/** Links and places that a document names and that do not exist, as `file:line: place`. */
export function brokenReferences(root: string, documents: readonly TrackedFile[]): readonly string[] {
  return documents.flatMap(({ path: document, text }) =>
    text.split("\n").flatMap((line, index) =>
      referencesIn(line)
        .filter(({ place, fromRoot }) => !existsSync(path.join(root, fromRoot ? "" : path.dirname(document), place)))
        .map(({ place }) => `${document}:${index + 1}: ${place} does not exist`),
    ),
  );
}

function referencesIn(line: string): readonly { readonly place: string; readonly fromRoot: boolean }[] {
  const links = [...line.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].map((match) => ({ place: match[1] ?? "", fromRoot: false }));
  const names = [...line.matchAll(/`([^`\s]+)`/g)].map((match) => match[1] ?? "").filter((name) => OWN.test(name));
  return [...links, ...names.map((place) => ({ place, fromRoot: true }))];
}
