import { isCollection, parseDocument } from "yaml";
import type { ConfigForm } from "./edit-config.ts";

/** YAML, with its comments. */
export const yamlForm: ConfigForm = {
  parse: (text): unknown => documentOf(text).toJS({ maxAliasCount: 100 }),
  edit(text, keys, value) {
    const document = documentOf(text);
    if (value === undefined) {
      const there: unknown = document.getIn([...keys], true);
      if (isCollection(there) && there.items.length === 0 && typeof there.comment === "string") return text;
      document.deleteIn([...keys]);
    } else if (typeof keys.at(-1) === "number" && !document.hasIn([...keys])) {
      const list = keys.slice(0, -1);
      if (document.hasIn(list)) document.addIn(list, document.createNode(value));
      else document.setIn(list, document.createNode([value]));
    } else document.setIn([...keys], document.createNode(value));
    return isCollection(document.contents) && document.contents.items.length === 0 ? "" : document.toString({ lineWidth: 0 });
  },
};

function documentOf(text: string): ReturnType<typeof parseDocument> {
  const document = parseDocument(text, { version: "1.2", merge: false, logLevel: "error" });
  const [problem] = document.errors;
  if (problem !== undefined) throw problem;
  return document;
}
