/** Makes the images that tests of the engine run from, and prints them as one JSON document; the holder's program goes to the path given. */
import { writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { connectEngine } from "@sbx/engine-docker";
import { createImageMaker } from "@sbx/images";

const [, , holdProgram = "hold"] = process.argv;
const engine = await connectEngine({ environment: process.env, home: homedir(), labels: { "dev.sbx.test": "images" } });
const images = createImageMaker({ engine, env: process.env });
const { signal } = new AbortController();
const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const baseImage = await images.base(progress, signal);
await writeFile(holdProgram, await images.holdBinary(await images.gate(progress, signal)), { mode: 0o755 });
process.stdout.write(JSON.stringify({ baseImage }));
