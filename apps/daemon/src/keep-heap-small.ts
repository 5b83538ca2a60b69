import { setFlagsFromString } from "node:v8";

/**
 * Have the engine of JavaScript look for what is left over before the heap has grown by more than a half. To be called when all is
 * loaded: while the heap comes into being that would be work for nothing.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=50");
}
