import { ContainerSummaries, Created, WaitAnswer, type ImageFacts } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import { childBody } from "../life/child-body.ts";
import { limitsOfNext, withinTotals } from "../life/total-sizes.ts";
import { childNetworks } from "../life/joined-networks.ts";
import { BRIDGE } from "../owned/owned-networks.ts";
import { engineStream } from "../streams/engine-stream.ts";
import { contentsOf } from "../streams/frames.ts";
import { newPlace } from "../life/new-place.ts";

/** A container in which one step of a build is done. Disposing removes it, with its pod. */
export interface BuildContainer extends AsyncDisposable {
  readonly id: string;
}

/** What a step runs, and how. */
export interface StepProgram {
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly user: string;
  readonly workdir: string;
  readonly offline: boolean;
}

const KIND = JSON.stringify({ kind: "step of a build" });
const NOTHING: StepProgram = { command: ["none"], env: [], user: "", workdir: "/", offline: true };

/** A container that never runs: files are put into it. */
export async function openStill(guard: Guard, image: ImageFacts, workdir: string): Promise<BuildContainer> {
  return create(guard, { image, program: { ...NOTHING, workdir }, gate: undefined });
}

/** A container that runs a step, with the ordinary child's restrictions, and a pod of its own. */
export async function openRunning(guard: Guard, image: ImageFacts, program: StepProgram): Promise<BuildContainer> {
  const { pods } = guard.parts;
  await using undo = new AsyncDisposableStack();
  undo.use(guard.containers.quota.take());
  const { id: pod, hostname } = undo.use(pods.reserve(newPlace()));
  const bridge = guard.networks.find(BRIDGE);
  const address = undo.use(guard.addresses.take(bridge.subnet));
  const networks = program.offline ? [] : childNetworks(guard, [{ network: bridge.id, address: address.address, aliases: [] }]);
  const gate = await pods.open({ id: pod, hostname, name: `build-${pod.slice(4)}`, networks, hosts: [] });
  undo.defer(() => pods.close(pod));
  const { id } = undo.use(await create(guard, { image, program, gate }));
  await pods.ready(pod, []);
  const whole = undo.move();
  return { id, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

interface Making {
  readonly image: ImageFacts;
  readonly program: StepProgram;
  readonly gate: string | undefined;
}

async function create(guard: Guard, { image, program, gate }: Making): Promise<BuildContainer> {
  const { engine } = guard.parts;
  const limits = await limitsOfNext(guard);
  const { command, env, user, workdir } = program;
  const asked = { Image: image.Id, Cmd: [...command], Env: [...env], User: user, WorkingDir: workdir, Healthcheck: { Test: ["NONE"] } };
  const body = childBody({ asked, image, mounts: { binds: [], volumes: [], tmpfs: {}, records: [] }, gate, labels: guard.seal.labels("child-build", KIND), limits });
  const answer = await engine.call({ method: "POST", path: ["containers", "create"], body });
  if (answer.status !== 201) throw refusalOf(answer, "the step's container could not be made");
  const { Id: id } = Created.parse(answer.body);
  return {
    id,
    [Symbol.asyncDispose]: async () => {
      await engine.call({ method: "DELETE", path: ["containers", id], query: { force: "1", v: "1" } });
    },
  };
}

/** Run a step to its end. Its output comes as it is written, standard output and errors mixed. @returns the exit code */
export async function runStep(guard: Guard, { id }: BuildContainer, { output, signal }: { readonly output: (text: string) => void; readonly signal: AbortSignal }): Promise<number> {
  const { engine } = guard.parts;
  const started = await withinTotals(guard, { id }, () => engine.call({ method: "POST", path: ["containers", id, "start"], signal }));
  if (started.status !== 204) throw refusalOf(started, "the step could not be started");
  const { body } = await engineStream(guard, { method: "GET", path: ["containers", id, "logs"], query: { follow: "1", stdout: "1", stderr: "1" }, signal }, "the step's output could not be read");
  const decoder = new TextDecoder();
  for await (const bytes of contentsOf(body)) output(decoder.decode(bytes, { stream: true }));
  const ended = await engine.call({ method: "POST", path: ["containers", id, "wait"], query: { condition: "not-running" }, signal });
  if (ended.status !== 200) throw refusalOf(ended, "how the step ended is not known");
  return WaitAnswer.parse(ended.body).StatusCode;
}

/** Remove what builds of an earlier guard left. */
export async function removeLeftSteps({ parts: { engine }, seal }: Pick<Guard, "parts" | "seal">): Promise<void> {
  const { body } = await engine.call({ method: "GET", path: ["containers", "json"], query: { all: "1", filters: JSON.stringify({ label: seal.filter("child-build") }) } });
  for (const { Id, Labels } of ContainerSummaries.parse(body))
    if (seal.open("child-build", Labels) === KIND) await engine.call({ method: "DELETE", path: ["containers", Id], query: { force: "1", v: "1" } });
}
