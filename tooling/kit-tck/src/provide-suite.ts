import { cp, rm } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { keepOnce } from "../../e2e/src/keep-once.ts";
import { needProgram, runProgram } from "../../e2e/src/run-program.ts";

/** The one version of the suite that sbx is measured by. */
export const SUITE = "github.com/docker/sandbox-kit-spec/v3@v3.0.0-m.8";
const FIXTURES = "tck/sandbox/testdata/fixtures";

/** The suite on this machine: its program, and the Kits that it makes sandboxes from. */
export interface Suite {
  /** What it is called in reports. */
  readonly name: string;
  readonly program: string;
  readonly fixtures: string;
}

type Environment = Readonly<Record<string, string>>;

/** Build the suite from its module, once for its version, with Go as it is found in an environment. Rejects with what Go said where there is no Go, or the module is not to be had. */
export async function provideSuite(env: Environment): Promise<Suite> {
  const kept = await keepOnce("kit-tck", SUITE, async (directory) => {
    const source = path.join(directory, "source");
    await cp(await sources(directory, env), source, { recursive: true });
    await needProgram("chmod", ["-R", "u+w", source], { cwd: directory });
    await go(["build", "-o", path.join(directory, "kit-tck"), "./cmd/kit-tck"], source);
    await cp(path.join(source, FIXTURES), path.join(directory, "fixtures"), { recursive: true });
    await rm(source, { recursive: true });
  });
  return { name: SUITE, program: path.join(kept, "kit-tck"), fixtures: path.join(kept, "fixtures") };
}

/** Where Go put the module; rejects with Go's own reason. */
async function sources(cwd: string, env: Environment): Promise<string> {
  const { stdout, stderr } = await runProgram("go", ["mod", "download", "-json", SUITE], { cwd, env: { ...env, GOTOOLCHAIN: "local" } });
  const { Dir, Error: reason } = z.object({ Dir: z.string().optional(), Error: z.string().optional() }).parse(JSON.parse(stdout === "" ? "{}" : stdout));
  if (Dir === undefined) throw new Error(reason ?? stderr);
  return Dir;
}

async function go(args: readonly string[], cwd: string): Promise<string> {
  return await needProgram("go", args, { cwd, env: { CGO_ENABLED: "0", GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local" } });
}
