import { existsSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { keepOnce, placeOf } from "./keep-once.ts";
import { needProgram } from "./run-program.ts";

export interface GoProgram {
  readonly module: string;
  readonly command: string;
  readonly directory?: string;
}

const COMPOSE = { module: "github.com/docker/compose/v2@v2.40.3", command: "docker-compose", directory: "./cmd" };

/** Why programs that come as Go modules cannot be built here; `undefined` when they can. */
export async function whyNoGo(): Promise<string | undefined> {
  return await go(["version"], "/").then(
    () => undefined,
    () => "Go is not on this machine",
  );
}

/** Why compose of the second generation is not tried; `undefined` when it is. It takes longer to build than all else: that has to be asked for, once. */
export async function whyNoComposeV2(): Promise<string | undefined> {
  if (existsSync(placeOf(COMPOSE.command, contentOf(COMPOSE))) || process.env["SBX_TESTS_BUILD_COMPOSE"] === "1") return await whyNoGo();
  return "it takes minutes to build; with SBX_TESTS_BUILD_COMPOSE=1 it is built and kept";
}

/** Build compose of the second generation once. Resolves with the program's path. */
export async function composeV2(): Promise<string> {
  return await goProgram(COMPOSE);
}

/** Build a static program from a Go module, `path@version`, once. Without a directory the module has it in `cmd/`. Resolves with the program's path. */
export async function goProgram(program: GoProgram): Promise<string> {
  const { module, command, directory: place = `./cmd/${command}` } = program;
  const kept = await keepOnce(command, contentOf(program), async (directory) => {
    const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(await go(["mod", "download", "-json", module], directory)));
    const source = path.join(directory, "source");
    await cp(Dir, source, { recursive: true });
    await needProgram("chmod", ["-R", "u+w", source], { cwd: directory });
    await go(["build", "-o", path.join(directory, command), place], source);
    await rm(source, { recursive: true });
  });
  return path.join(kept, command);
}

function contentOf({ module, command }: GoProgram): string {
  return `${module} ${command}`;
}

async function go(args: readonly string[], cwd: string): Promise<string> {
  return await needProgram("go", args, { cwd, env: { CGO_ENABLED: "0", GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local" } });
}
