import { writeFile } from "node:fs/promises";
import path from "node:path";
import { apiDocument } from "@sbx/docker-guard";

await writeFile(path.join(import.meta.dirname, "../../../docs/docker-api.md"), apiDocument());
