import { cp, rm } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { keepOnce } from "./keep-once.ts";
import { needProgram } from "./run-program.ts";

/** Why programs that come as Go modules cannot be built here; `undefined` when they can. */
export async function whyNoGo(): Promise<string | undefined> {
  return await go(["version"], "/").then(
    () => undefined,
    () => "Go is not on this machine",
  );
}

/** Build a static program from a Go module, `path@version`, once. The module has it in `cmd/`. Resolves with the program's path. */
export async function goProgram(module: string, command: string): Promise<string> {
  const kept = await keepOnce(command, `${module} ${command}`, async (directory) => {
    const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(await go(["mod", "download", "-json", module], directory)));
    const source = path.join(directory, "source");
    await cp(Dir, source, { recursive: true });
    await needProgram("chmod", ["-R", "u+w", source], { cwd: directory });
    await go(["build", "-o", path.join(directory, command), `./cmd/${command}`], source);
    await rm(source, { recursive: true });
  });
  return path.join(kept, command);
}

async function go(args: readonly string[], cwd: string): Promise<string> {
  return await needProgram("go", args, { cwd, env: { CGO_ENABLED: "0", GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local" } });
}
