import type { ServerPlan } from "@sbx/catalog";
import { AppError, type ServerSource } from "@sbx/contracts";
import type { Engine, EngineId, ServerVolume } from "@sbx/core";
import type { ServerPackages } from "@sbx/server-packages";

/** What runs a server: an image, the program in it, and what else that program needs of its container. */
export interface ServerProgram {
  readonly image: EngineId;
  /** Whole argument vector. */
  readonly command: readonly string[];
  readonly workdir: string;
  /** Under what the plan says. */
  readonly env: Readonly<Record<string, string>>;
  readonly volumes: readonly ServerVolume[];
  readonly scratch: readonly string[];
  /** PEM of all authorities that it is to trust; absent: those that its image has. */
  readonly authorities?: string | undefined;
  /** Where a bundle lies: what `${__dirname}` stands for in its entry. */
  readonly directory?: string;
}

/** Finds, or makes, the program of a server of one kind. @throws AppError `IMAGE_UNAVAILABLE`, `SERVER_FAILED`, `CATALOG_INVALID`, or the signal's reason */
export type FindProgram = (plan: ServerPlan, options: { readonly progress: (line: string) => void; readonly signal: AbortSignal }) => Promise<ServerProgram>;

/** How servers of each local kind come to a program. */
export type ServerPrograms = Readonly<Record<Exclude<ServerSource["kind"], "remote">, FindProgram>>;

/**
 * Programs of images: one that is here is used as it is, another is pulled. Such an image knows nothing of this machine: where
 * the machine's own authorities are more than the public ones, the program is told of them.
 */
export function createImagePrograms(engine: () => Promise<Engine>, authorities: () => Promise<string | undefined>): FindProgram {
  return async ({ name, source, args }, { progress, signal }) => {
    if (source.kind !== "image") throw new Error(`${name} is no image`);
    const there = await engine();
    const image = (await there.findImage(source.image)) ?? (await there.pull(source.image, progress, signal));
    const { entrypoint, command, workdir, volumes } = await there.imageConfig(image);
    const whole = [...entrypoint, ...(args.length > 0 ? args : command)];
    if (whole.length === 0)
      throw new AppError("SERVER_FAILED", { message: `The image of server "${name}" says no program, and neither does its entry`, fix: "Name the program under command in the catalog's entry." });
    // Its own variables are the container's already.
    return { image, command: whole, workdir, env: {}, volumes: [], scratch: volumes, authorities: await authorities() };
  };
}

/** Programs of packages, each installed once; the installation reaches its index, and nothing of the package runs in it. */
export function createPackagePrograms(packages: Pick<ServerPackages, "prepare">): FindProgram {
  return async ({ name, source, args }, { progress, signal }) => {
    if (source.kind === "image" || source.kind === "remote") throw new Error(`${name} is no package`);
    const { image, volume, target, command } = await packages.prepare({ server: name, source }, { progress, signal });
    const directory = source.kind === "bundle" ? target : undefined;
    const words = args.map((word) => inDirectory(word, directory));
    return {
      image,
      command: [...command, ...words],
      workdir: directory ?? "/",
      env: {},
      volumes: [{ kind: "package", volume, target }],
      scratch: [],
      ...(directory === undefined ? {} : { directory }),
    };
  };
}

/** Fill in where a bundle lies. */
export function inDirectory(text: string, directory: string | undefined): string {
  return directory === undefined ? text : text.replaceAll("${__dirname}", directory);
}
