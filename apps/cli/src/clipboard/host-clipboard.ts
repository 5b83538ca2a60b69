import { spawn } from "node:child_process";
import { AppError } from "@sbx/contracts/app-error";

/** A program of this machine that reads or writes its clipboard. */
interface Tool {
  readonly program: string;
  readonly args: readonly string[];
}

/** Most of a clipboard that is read, in bytes. */
export const MOST_IMAGE_BYTES = 16 << 20;
const TIMEOUT_MS = 10_000;

const READERS: readonly Tool[] = [
  ...["png", "jpeg", "webp", "gif"].flatMap((form) => [
    { program: "wl-paste", args: ["--no-newline", "--type", `image/${form}`] },
    { program: "xclip", args: ["-selection", "clipboard", "-t", `image/${form}`, "-o"] },
  ]),
  { program: "pngpaste", args: ["-"] },
];
const WRITERS: readonly Tool[] = [
  { program: "wl-copy", args: [] },
  { program: "xclip", args: ["-selection", "clipboard", "-in"] },
  { program: "pbcopy", args: [] },
];

/**
 * Read the image that is in this machine's clipboard now, with the first of its programs that has one.
 *
 * @throws AppError `PLATFORM_UNSUPPORTED` where there is no program for it, `PATH_NOT_FOUND` where no image is there
 */
export async function readHostImage(): Promise<Uint8Array> {
  const missing = new Set<string>();
  for (const tool of READERS) {
    if (missing.has(tool.program)) continue;
    const bytes = await run(tool, new Uint8Array());
    if (bytes === "missing") missing.add(tool.program);
    else if (bytes !== undefined && bytes.byteLength > 0) return bytes;
  }
  if (READERS.every(({ program }) => missing.has(program)))
    throw new AppError("PLATFORM_UNSUPPORTED", {
      message: "This machine has no program that reads images of a clipboard",
      fix: "Install wl-clipboard, xclip or pngpaste; or name a file: sbx paste --file PATH",
    });
  throw new AppError("PATH_NOT_FOUND", { message: "There is no image in this machine's clipboard", fix: "Copy one, then run the command again; or name a file: sbx paste --file PATH" });
}

/** Put a text into this machine's clipboard. Resolves with the program that did, or nothing where none could. */
export async function writeHostText(text: string): Promise<string | undefined> {
  for (const tool of WRITERS) {
    const done = await run(tool, Buffer.from(text));
    if (done !== "missing" && done !== undefined) return tool.program;
  }
  return undefined;
}

/** What a program printed: `missing` where there is none, nothing where it failed, took too long, or printed too much. */
async function run({ program, args }: Tool, input: Uint8Array): Promise<Uint8Array | "missing" | undefined> {
  return await new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], timeout: TIMEOUT_MS });
    const pieces: Buffer[] = [];
    let size = 0;
    child.stdout.on("data", (piece: Buffer) => {
      size += piece.byteLength;
      if (size > MOST_IMAGE_BYTES) child.kill();
      else pieces.push(piece);
    });
    // One that reads nothing is none the worse for it.
    child.stdin.on("error", () => undefined).end(input);
    child.once("error", () => {
      resolve("missing");
    });
    // Not `close`: one that holds a clipboard goes on in the background, with our pipes.
    child.once("exit", (code) => {
      if (code !== 0 || size > MOST_IMAGE_BYTES) resolve(undefined);
      else if (input.byteLength > 0) {
        child.stdout.destroy();
        resolve(new Uint8Array());
      }
    });
    child.once("close", (code) => {
      resolve(code === 0 && size <= MOST_IMAGE_BYTES ? Buffer.concat(pieces) : undefined);
    });
  });
}
