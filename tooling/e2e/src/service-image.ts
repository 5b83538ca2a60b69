import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { connectEngine } from "@sbx/engine-docker";
import { createImageMaker } from "@sbx/images";

/**
 * Make the image of a service from the recipe of this name in `images/`: of Debian's packages, as no registry has to be
 * there. The engine keeps it under a hash of what it is made from. Resolves with its id.
 */
export async function serviceImage(name: string, directory?: string): Promise<string> {
  const engine = await connectEngine({ environment: process.env, home: homedir(), labels: { "dev.sbx.test": "images" } });
  const dockerfile = await readFile(path.join(import.meta.dirname, "../images", name, "Dockerfile"), "utf8");
  const recipe = { name: `test-${name}`, dockerfile, ...(directory === undefined ? {} : { directory }) };
  return await createImageMaker({ engine, env: process.env }).agent(recipe, () => undefined, new AbortController().signal);
}
