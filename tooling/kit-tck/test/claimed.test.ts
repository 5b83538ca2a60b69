import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { createKitStore } from "@sbx/kits";
import { afterAll, beforeAll, describe, it } from "vitest";
import { CLAIMED } from "../src/claimed.ts";

const STANDARD = "com.docker.sandbox";
/** For each standard type that needs one, the smallest configuration of it. */
const CONFIGS: Readonly<Record<string, string | undefined>> = {
  "acp@1": "{agent: a, command: [a]}",
  "agent-context@1": "{directory: /home/agent/.a, filename: A.md, content: x}",
  "agent-interactive-sessions@1": "{continue: [-c]}",
  "agent-sessions@1": "{continue: [-c]}",
  "agent-skill@1": "{path: /opt/skill}",
  "agent-skills@1": "{path: /home/agent/skills}",
  "credential@1": "{service: anthropic, phase: runtime, apiKey: {name: ANTHROPIC_API_KEY}}",
  "git-identity@1": undefined,
  "host-mount@1": "{path: /home/agent/shared}",
  "kit-registry@1": undefined,
  "lifecycle@1": "{startup: [{command: [a], user: agent}]}",
  "long-running@1": undefined,
  "network-policy@1": "{runtime: {allow: [example.com]}}",
  "network-policy@2": "{runtime: {allow: [example.com]}}",
  "port@1": "{container: 3000}",
  "privileged@1": undefined,
  "resources@1": "{memory: 2g}",
  "sbx@1": undefined,
  "ssh-agent@1": "{phase: runtime}",
  "usb-device@1": "{class: '08'}",
  "volume@1": "{path: /home/agent/data}",
};

/** What else must stand in a Kit so that the type can be meant. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  "agent-skill@1": [`{type: ${STANDARD}/agent-skills@1, config: {path: /home/agent/skills}}`],
  "credential@1": [
    `{type: ${STANDARD}/network-policy@1, config: {runtime: {allow: [api.anthropic.com]}}}`,
    "{type: dev.sbx/agent@1, optional: true, config: {model: {service: anthropic, baseUrl: {env: ANTHROPIC_BASE_URL, value: '{{base}}'}}}}",
  ],
};

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "sbx-claimed-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The code with which a Kit that requires a type is refused. */
async function refusalOf(type: string, config: string | undefined): Promise<string | undefined> {
  const kit = path.join(directory, type.replace("@", "-"));
  await mkdir(kit);
  const item = `  - {type: ${STANDARD}/${type}${config === undefined ? "" : `, config: ${config}`}}\n`;
  await writeFile(path.join(kit, "kit.yaml"), `schemaVersion: "3"\nkind: workload\ncapabilities:\n${item}${(NEEDED[type] ?? []).map((line) => `  - ${line}\n`).join("")}`);
  await writeFile(path.join(kit, "kit.dockerfile"), 'ARG SBX_BASE\nFROM ${SBX_BASE}\nUSER agent\nENTRYPOINT ["a"]\n');
  const problem: unknown = await createKitStore({ directory })
    .load({ agent: kit, publish: [], share: [] })
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  return AppError.is(problem) ? `${problem.code} ${problem.message}` : undefined;
}

describe("the types that the adapter claims", () => {
  it.for(Object.entries(CONFIGS))("are those whose requirement is accepted: %s", async ([type, config], { expect }) => {
    const refusal = await refusalOf(type, config);
    if (CLAIMED.includes(`${STANDARD}/${type}`)) expect(refusal).toBeUndefined();
    else expect(refusal).toMatch(/^KIT_UNSUPPORTED .*/);
  });

  it("are all standard types of the format", ({ expect }) => {
    expect(CLAIMED.filter((type) => !Object.keys(CONFIGS).includes(type.replace(`${STANDARD}/`, "")))).toEqual([]);
  });
});
