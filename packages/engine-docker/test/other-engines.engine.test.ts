import { Readable } from "node:stream";
import { describeContainerEngine, OwnEngine, whyNoEngine, type EngineKind } from "@sbx/testing";
import { afterAll, beforeAll, describe } from "vitest";
import { connectEngine } from "../src/index.ts";
import { smallRootfs } from "./small-image.ts";

const KINDS: readonly EngineKind[] = ["docker-remapped", "podman"];

for (const kind of KINDS) {
  const why = whyNoEngine(kind);
  if (why !== undefined) process.stdout.write(`skipped: the contract of engines, 11 tests, on ${kind}, because ${why}\n`);
  describe.skipIf(why !== undefined)(`${kind} (as root, where it is installed)`, () => {
    const scope = new AsyncDisposableStack();
    let own: OwnEngine;
    beforeAll(async () => {
      own = scope.use(await OwnEngine.start(kind));
    });
    afterAll(() => scope.disposeAsync());

    describeContainerEngine(kind, async () => {
      const engine = await connectEngine({ endpoint: own.host, environment: {}, home: "/nonexistent" });
      const reference = "sbx-test/small:1";
      const image = (await engine.findImage(reference)) ?? (await engine.importRootfs(Readable.from(smallRootfs()), reference, AbortSignal.timeout(60_000)));
      return { engine, image };
    });
  });
}
