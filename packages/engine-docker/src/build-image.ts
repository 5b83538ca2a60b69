import { finished, type Readable } from "node:stream";
import { AppError } from "@sbx/contracts";
import type { BuildRequest, EngineId } from "@sbx/core";
import type Docker from "dockerode";
import { checkId } from "./containers.ts";
import { ask } from "./docker-error.ts";
import { LineGatherer, readProgress } from "./progress-lines.ts";

/** Last lines of output that a failure carries. */
const OUTPUT_LINES = 40;
const LINE_CHARACTERS = 2_000;

/**
 * Build with the engine's classic builder.
 *
 * The step that runs when `signal` fires is killed and its container removed by the engine, because its client has gone
 * away. Resolves with the image's id.
 *
 * @throws AppError `BUILD_FAILED` with the last lines of output in `details.output`.
 */
export async function buildImage({
  docker,
  request,
  progress,
  signal,
}: {
  readonly docker: Docker;
  readonly request: BuildRequest;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<EngineId | undefined> {
  const { context, dockerfile, reference, args, labels, network } = request;
  const networkmode = network === undefined ? {} : { networkmode: `container:${checkId(network)}` };
  const broken = watch(context);
  const answer = await ask("build an image", async () =>
    Promise.race([broken, docker.buildImage(context, { t: reference, dockerfile, buildargs: { ...args }, labels: { ...labels }, ...networkmode, rm: true, forcerm: true, abortSignal: signal })]),
  );
  const output: string[] = [];
  const lines = new LineGatherer((line) => {
    output.push(line.slice(0, LINE_CHARACTERS));
    if (output.length > OUTPUT_LINES) output.shift();
    progress(line);
  });
  let image: EngineId | undefined;
  let error: string | undefined;
  const consume = async (): Promise<void> => {
    for await (const message of readProgress(answer as Readable)) {
      if (message.stream !== undefined) lines.add(message.stream);
      else if (message.status !== undefined) lines.add(`${[message.id, message.status].filter((part) => part !== undefined).join(": ")}\n`);
      image = message.imageId ?? image;
      error = message.error ?? error;
    }
  };
  await ask("build an image", async () => Promise.race([broken, consume()]));
  lines.end();
  if (error !== undefined) throw buildFailed(reference, error, output);
  return image;
}

/** Rejects when the context cannot be read to its end; the client library would wait for ever. */
async function watch(context: Readable): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  finished(context, { writable: false }, (error) => {
    if (error) reject(error);
  });
  return promise;
}

function buildFailed(reference: string, reason: string, output: readonly string[]): AppError {
  return new AppError("BUILD_FAILED", {
    message: `The image ${reference} could not be built: ${reason.trim()}`,
    fix: "Read the last lines of its output, correct the recipe and try again.",
    details: { output: [...output] },
  });
}
