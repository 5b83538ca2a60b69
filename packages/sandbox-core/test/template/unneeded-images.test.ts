import fc from "fast-check";
import { describe, it } from "vitest";
import type { ImageSummary } from "../../src/ports/engine.ts";
import { TEMPLATE_OF, unneededImages } from "../../src/template/unneeded-images.ts";

const image = (id: string, reference: string, more: Partial<ImageSummary> = {}): ImageSummary => ({ id, references: [reference], labels: {}, createdAt: 1000, ...more });
const ALL: readonly ImageSummary[] = [
  image("base", "sbx/base:1"),
  image("gate", "sbx/gate:1"),
  image("servers", "sbx/servers:1"),
  image("debian", "sbx/debian:1"),
  image("agent", "sbx/agent-claude:1", { parent: "base" }),
  image("layer", "sbx/layered:1", { parent: "agent" }),
  image("docker", "sbx/agent-claude-docker:1", { parent: "layer" }),
  image("one", "sbx/packages:1", { parent: "docker", createdAt: 2000 }),
  image("two", "sbx/packages:2", { parent: "step" }),
  { id: "step", parent: "one", references: [], labels: {}, createdAt: 1000 },
  image("mine", "sbx/template:a", { parent: "one", labels: { [TEMPLATE_OF]: "me" } }),
  image("theirs", "sbx/template:b", { labels: { [TEMPLATE_OF]: "them" } }),
  image("older", "sbx/template:c"),
  image("hooks", "sbx/hooks:aaaaaaaa"),
  image("foreign", "somebody/else:1", { labels: { "dev.sbx.image": "agent" } }),
];
const needs = { used: new Set<string>(), templates: new Set<string>(), owner: "me" };

describe("images that nothing needs", () => {
  it("are those of packages, and of templates of ours that are gone; of agents only where they are older", ({ expect }) => {
    expect(unneededImages(ALL, needs)).toEqual(["sbx/packages:1", "sbx/packages:2", "sbx/template:a"]);
    expect(unneededImages(ALL, { ...needs, before: 1000 })).toEqual(["sbx/packages:1", "sbx/packages:2", "sbx/template:a"]);
    expect(unneededImages(ALL, { ...needs, before: 1001 }).toSorted()).toEqual([
      "sbx/agent-claude-docker:1",
      "sbx/agent-claude:1",
      "sbx/layered:1",
      "sbx/packages:1",
      "sbx/packages:2",
      "sbx/template:a",
    ]);
    expect(unneededImages(ALL, { ...needs, templates: new Set(["sbx/template:a"]) })).not.toContain("sbx/template:a");
  });

  it("are none that a needed one is made from, through steps without a name", ({ expect }) => {
    expect(unneededImages(ALL, { ...needs, used: new Set(["two"]), before: 5000 })).toEqual(["sbx/template:a"]);
    expect(unneededImages(ALL, { ...needs, used: new Set(["mine", "not here"]), before: 5000 })).toEqual(["sbx/packages:2"]);
  });

  it("are never in use, whatever is made from what, in circles too", ({ expect }) => {
    const ids = fc.integer({ min: 0, max: 9 });
    fc.assert(
      fc.property(fc.array(ids, { minLength: 10, maxLength: 10 }), fc.array(ids), (parents, used) => {
        const images = parents.map((parent, id) => image(String(id), `sbx/packages:${id}`, { parent: String(parent) }));
        const gone = unneededImages(images, { ...needs, used: new Set(used.map(String)) });
        for (const id of used) {
          let at = id;
          for (let steps = 0; steps < 10; steps += 1) {
            expect(gone).not.toContain(`sbx/packages:${at}`);
            at = parents[at] ?? 0;
          }
        }
      }),
    );
  });
});
