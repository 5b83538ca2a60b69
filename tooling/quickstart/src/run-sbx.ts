import { spawn } from "node:child_process";

export interface SbxResult {
  readonly code: number;
  readonly stdout: string;
}

/** Run one sbx command of this checkout. What it says on standard error is shown as it comes, when `show`. */
export async function runSbx(launcher: string, args: readonly string[], { show, cwd }: { readonly show: boolean; readonly cwd: string }): Promise<SbxResult> {
  const child = spawn(process.execPath, [launcher, ...args], { cwd, stdio: ["ignore", "pipe", show ? "inherit" : "ignore"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (show) process.stdout.write(text);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code: code ?? 130, stdout });
    });
  });
}
