import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Say how many bytes this process holds for JavaScript, without what only waits to be collected. */
export function memoryHeld(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("the engine has no collector to call");
  // What the first leaves to be finalized goes with the second.
  for (let turn = 0; turn < 2; turn += 1) Reflect.apply(collect, undefined, []);
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
