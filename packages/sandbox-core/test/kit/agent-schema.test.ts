import { readFileSync } from "node:fs";
import { it } from "vitest";
import { agentSchema } from "../../src/kit/agent-schema.ts";

it("the published JSON Schema of dev.sbx/agent@1 is that of the code", ({ expect }) => {
  const published: unknown = JSON.parse(readFileSync(new URL("../../schema/dev.sbx.agent.v1.schema.json", import.meta.url), "utf8"));
  expect(published).toEqual(agentSchema());
});
