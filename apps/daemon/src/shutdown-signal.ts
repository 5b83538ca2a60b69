/**
 * A controller that SIGINT and SIGTERM abort; it may be aborted from inside as well.
 *
 * A second signal ends the process at once, and so does `graceMs` passing after the first.
 */
export function shutdownSignal(graceMs = 10_000): AbortController {
  const controller = new AbortController();
  controller.signal.addEventListener("abort", () => {
    setTimeout(() => process.exit(1), graceMs).unref();
  });
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new Error(`received ${name}`));
    });
  }
  // A terminal that closes takes its processes with it, but not this one.
  process.on("SIGHUP", () => undefined);
  return controller;
}
