import { createBody, randomOf } from "./create-bodies.ts";
import { whatGotThrough } from "./isolation-rules.ts";
import { IMAGE, type DockerLab } from "./lab.ts";

/** What came of a run: whatever the guard let pass and the rules do not allow, with the body that did it. */
export interface FuzzResult {
  readonly seed: number;
  readonly cases: number;
  readonly passed: number;
  readonly broken: readonly { readonly body: string; readonly rules: readonly string[] }[];
  /** Answers that are neither a container nor a refusal. */
  readonly odd: readonly string[];
}

/** Send bodies of a seed to a guard, and look in the engine at what each became. Every container is removed again. */
export async function fuzzCreate(lab: DockerLab, { seed, cases }: { readonly seed: number; readonly cases: number }): Promise<FuzzResult> {
  await using box = await lab.guard({ pods: "shared" });
  const random = randomOf(seed);
  const { facts } = lab.raw;
  const bounds = { gates: box.pods.gates(), workspace: box.workspace, sandbox: box.sandbox, memoryBytes: Math.min(facts.memoryBytes, 4 * 2 ** 30), nanoCpus: Math.min(facts.cpus, 4) * 1e9 };
  const broken: FuzzResult["broken"][number][] = [];
  const odd: string[] = [];
  let passed = 0;
  for (let at = 0; at < cases; at += 1) {
    const body = createBody(random, { Image: IMAGE }).replaceAll("WORKSPACE", box.workspace);
    const { status, json, text } = await box.ask("POST", "/v1.41/containers/create", body);
    if (status !== 201) {
      if (![400, 403, 404, 413].includes(status)) odd.push(`${status} ${text} ${body}`);
      continue;
    }
    passed += 1;
    const { Id } = json as { readonly Id: string };
    const { body: inspected } = await lab.raw.call({ method: "GET", path: ["containers", Id, "json"] });
    const rules = whatGotThrough(inspected, bounds);
    if (rules.length > 0) broken.push({ body, rules });
    await box.ask("DELETE", `/v1.41/containers/${Id}?force=1&v=1`);
  }
  for (const fault of box.faults) odd.push(String(fault));
  return { seed, cases, passed, broken, odd };
}
