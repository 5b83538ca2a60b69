import { AppError } from "@sbx/contracts";
import { isCollection, isMap, type Document } from "yaml";

type Path = readonly (string | number)[];

/** Set a value deep in a document, making the maps on the way. @throws AppError `CONFIG_INVALID` when something else is in the way */
export function setAt(document: Document, path: Path, value: unknown): void {
  for (let depth = 1; depth < path.length; depth++) {
    const prefix = path.slice(0, depth);
    const there = document.getIn(prefix, true);
    if (isCollection(there) || !document.hasIn(prefix)) continue;
    if (document.getIn(prefix) !== null)
      throw new AppError("CONFIG_INVALID", { message: `"${prefix.join(".")}" is a value and has nothing below it`, fix: `Take it away first: sbx mcp config del ${prefix.join(".")}` });
    document.deleteIn(prefix);
  }
  document.setIn(path, document.createNode(value));
}

/** Take a value out of a document, and the maps around it that are empty then, down to `keep` keys from the outside. */
export function removeAt(document: Document, path: Path, keep = 0): boolean {
  if (!document.hasIn(path)) return false;
  document.deleteIn(path);
  for (let depth = path.length - 1; depth > keep; depth--) {
    const around = document.getIn(path.slice(0, depth), true);
    if (!isMap(around) || around.items.length > 0) break;
    document.deleteIn(path.slice(0, depth));
  }
  return true;
}
