import { describeContainerEngine } from "@sbx/testing";
import { inject } from "vitest";
import { realEngine } from "./test-container.ts";

describeContainerEngine("the engine of this machine", async () => {
  return { engine: await realEngine(), image: inject("baseImage") };
});
