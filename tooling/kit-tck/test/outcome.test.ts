import { AppError, PROBLEMS, type ProblemCode } from "@sbx/contracts";
import { describe, it } from "vitest";
import { outcomeOf } from "../src/outcome.ts";

describe("how the adapter ends", () => {
  it("is a refusal for the runtime's own no alone, told by the code", ({ expect }) => {
    const refused = (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) => outcomeOf(new AppError(code, { message: "m", fix: "f" })).code === 2);
    expect(refused).toEqual(["AGENT_UNKNOWN", "CONFIG_INVALID", "CREDENTIAL_MISSING", "KIT_CONFLICT", "KIT_INVALID", "KIT_UNSUPPORTED", "ORGANISATION_DENIED"]);
  });

  it("is a failure for everything else, also for a text that sounds like a refusal", ({ expect }) => {
    expect(outcomeOf(new Error("KIT_UNSUPPORTED: refused"))).toMatchObject({ code: 1 });
    expect(outcomeOf("KIT_UNSUPPORTED")).toEqual({ code: 1, said: "KIT_UNSUPPORTED" });
  });
});
