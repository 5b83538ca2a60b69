import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { noteHeldTask } from "../src/held-task.ts";

const TASK = "1".repeat(64);
const said = (message: string): AppError => new AppError("ENGINE_FAILED", { message, fix: "None.", details: { status: 500 } });

describe("a container whose last run the engine does not let go of", () => {
  it("is told apart, with all that was known of the problem", ({ expect }) => {
    const message = `The container engine could not start a container: task ${TASK}: already exists: unknown.`;
    const noted = noteHeldTask(said(message));
    expect(AppError.is(noted) ? noted.toJSON() : noted).toEqual({ ...said(message).toJSON(), details: { status: 500, held: true } });
  });

  it.for([`network ${TASK} already exists`, `task ${TASK.slice(1)}: already exists`, "no space left on device"])(
    "is not one that could not be started for another reason: %s",
    (message, { expect }) => {
      const error = said(message);
      expect(noteHeldTask(error)).toBe(error);
    },
  );
});
