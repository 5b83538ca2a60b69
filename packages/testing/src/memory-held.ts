import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Say how many bytes this process holds for JavaScript, without what only waits to be collected. */
export function memoryHeld(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("the engine has no collector to call");
  Reflect.apply(collect, undefined, []);
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
