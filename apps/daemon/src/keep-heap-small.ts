import { setFlagsFromString } from "node:v8";

/**
 * Have the engine of JavaScript look for what is left over before the heap has more than doubled. To be called when all is
 * loaded: while the heap comes into being that would be work for nothing.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=100");
}
