import type { EngineId, EngineInfo, ExecEngine, InitStarter } from "../ports/engine.ts";
import { runProgram } from "./run-program.ts";

/** Whose pid 1 starts programs, and as whom. */
export interface StartingInit {
  /** "uid:gid" inside the container. */
  readonly user: string;
  /** Resolves with `undefined` where there is none to speak with. */
  readonly starter: () => Promise<InitStarter | undefined>;
}

/**
 * An engine whose programs in running containers are started by the container's own pid 1 where that can be: as its user, without
 * a terminal. Everything else is the engine's. An engine that gives ids another meaning is left as it is, for pid 1 would have
 * to be given pipes that its user may not open.
 */
export function startThroughInit<Any extends ExecEngine & { readonly info: Pick<EngineInfo, "remaps"> }>(engine: Any, initOf: (container: EngineId) => StartingInit | undefined): Any {
  if (engine.info.remaps !== false) return engine;
  const exec: ExecEngine["exec"] = async (container, spec, signal) => {
    signal?.throwIfAborted();
    const init = spec.tty === false ? initOf(container) : undefined;
    const starter = init?.user === spec.user ? await init.starter() : undefined;
    signal?.throwIfAborted();
    const process = (await starter?.start(spec)) ?? (await engine.exec(container, spec, signal));
    if (signal?.aborted === true) process.detach();
    signal?.throwIfAborted();
    return process;
  };
  return { ...engine, exec, run: (container, spec, signal) => runProgram(exec, { container, spec, signal }) };
}
