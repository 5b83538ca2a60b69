import { describeContainerEngine } from "@sbx/testing";
import { realEngine, testImage } from "./test-container.ts";

describeContainerEngine("the engine of this machine", async () => {
  const engine = await realEngine();
  return { engine, image: await testImage(engine) };
});
