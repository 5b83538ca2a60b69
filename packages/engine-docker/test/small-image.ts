import { execFileSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { pack, type Pack } from "tar-stream";

/** A root file system of the machine's own programs and the libraries that they need: what the contract suite runs. */
export function smallRootfs(programs: readonly string[] = ["sh", "sleep", "cat", "echo", "true", "false"]): Pack {
  const tar = pack();
  const paths = programs.map((program) => `/bin/${program}`);
  const libraries = execFileSync(
    "ldd",
    paths.map((path) => realpathSync(path)),
    { encoding: "utf8" },
  ).matchAll(/(\/\S+\.so[.0-9]*) \(0x/g);
  for (const path of new Set([...paths, ...[...libraries].map(([, library = ""]) => library)])) {
    tar.entry({ name: path.slice(1), mode: 0o755 }, readFileSync(path));
  }
  tar.finalize();
  return tar;
}
