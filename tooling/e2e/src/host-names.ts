import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";

const FILE = "/etc/hosts";
const MARK = "# end-to-end tests of sbx";

/** Why names of this machine cannot be made for a while; `undefined` when they can. */
export function whyNoHostNames(): string | undefined {
  if (process.getuid?.() !== 0) return "only root can give this machine names and listen on ports below 1024";
  try {
    accessSync(FILE, constants.W_OK);
    return undefined;
  } catch {
    return `${FILE} cannot be written`;
  }
}

/** Let this machine's resolver know names until disposed of. */
export function hostNames(names: Readonly<Record<string, string>>): Disposable {
  const mark = `${MARK} ${process.pid}`;
  const without = (): string =>
    readFileSync(FILE, "utf8")
      .split("\n")
      .filter((line) => !line.endsWith(mark))
      .join("\n")
      .trimEnd();
  const lines = Object.entries(names).map(([name, address]) => `${address} ${name} ${mark}`);
  writeFileSync(FILE, `${without()}\n${lines.join("\n")}\n`);
  return {
    [Symbol.dispose]: () => {
      writeFileSync(FILE, `${without()}\n`);
    },
  };
}
