import { describeContainerEngine, FakeEngine } from "../src/index.ts";

const IMAGE = `sha256:${"1".repeat(64)}`;

describeContainerEngine("the engine in memory", async () => {
  const engine = new FakeEngine();
  engine.images.set("base:x", IMAGE);
  return Promise.resolve({ engine, image: IMAGE });
});
