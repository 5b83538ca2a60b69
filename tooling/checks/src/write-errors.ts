import { writeFile } from "node:fs/promises";
import path from "node:path";
import { errorsDocument } from "./errors-document.ts";

await writeFile(path.join(import.meta.dirname, "../../../docs/errors.md"), errorsDocument());
