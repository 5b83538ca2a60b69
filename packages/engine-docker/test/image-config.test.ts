import fc from "fast-check";
import { describe, it } from "vitest";
import { imageConfigOf } from "../src/image-config.ts";

describe("an image's description", () => {
  it("is empty where an engine leaves things out or writes null", ({ expect }) => {
    const empty = { entrypoint: [], command: [], workdir: "/", env: {}, volumes: [], labels: {} };
    for (const found of [{}, { Config: null }, { Config: {} }, { Config: { Entrypoint: null, Cmd: null, Env: null, Volumes: null, Labels: null, WorkingDir: "" } }])
      expect(imageConfigOf(found)).toEqual(empty);
  });

  it("keeps each variable whole, and lines that are none out", ({ expect }) => {
    expect(imageConfigOf({ Config: { Env: ["A=1=2", "B=", "none"] } }).env).toEqual({ A: "1=2", B: "" });
  });

  it("is read or refused, and nothing else, whatever an engine says", () => {
    fc.assert(
      fc.property(fc.record({ Config: fc.anything() }), (found) => {
        try {
          return Array.isArray(imageConfigOf(found).entrypoint);
        } catch (error) {
          return error instanceof Error && error.name === "ZodError";
        }
      }),
    );
  });
});
