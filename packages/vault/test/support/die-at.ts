// Takes files over into a vault and dies by SIGKILL just before the operation on files whose number it is given.
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const [directory = "", at = "0"] = process.argv.slice(2);
let left = Number(at);
type Operation = (...args: readonly unknown[]) => unknown;
const counted = (operation: Operation): Operation =>
  function (this: unknown, ...args): unknown {
    left -= 1;
    if (left < 0) process.kill(process.pid, "SIGKILL");
    return Reflect.apply(operation, this, args);
  };
const handle = await fs.open(directory, "r");
const prototype = Object.getPrototypeOf(handle) as Record<"writeFile" | "sync" | "chmod" | "close", Operation>;
await handle.close();
for (const name of ["writeFile", "sync", "chmod", "close"] as const) prototype[name] = counted(prototype[name]);
const patched = fs as unknown as Record<string, Operation>;
for (const name of ["open", "rename", "unlink", "rmdir", "readdir", "mkdir"]) {
  const operation = patched[name];
  if (operation !== undefined) patched[name] = counted(operation);
}
syncBuiltinESMExports();

const { createKeychain, openVault, takeOverFiles } = await import("../../src/index.ts");
await takeOverFiles(openVault({ directory, keychain: createKeychain({}), keyChoice: "file" }), `${directory}/secrets`);
process.stdout.write("done");
