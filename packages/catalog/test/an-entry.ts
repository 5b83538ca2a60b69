import { ServerEntry } from "@sbx/contracts";
import type * as z from "zod";

/** An entry that is called `box` and needs nothing, with what a test is about. */
export function anEntry(fields: Partial<z.input<typeof ServerEntry>> = {}): ServerEntry {
  return ServerEntry.parse({ name: "box", source: { kind: "image", image: "example/box:1" }, ...fields });
}
