export interface Program {
  /** Name for messages. */
  readonly name: string;
  /** `import.meta.url` of the launcher, which lies in the package's `bin` directory. */
  readonly from: string;
  /** Version of the running Node without its "v". */
  readonly version?: string;
}

/**
 * Run a package's program under Node 24 or newer: in this process if it is new enough, else in a child under the Node that
 * the project's dependencies brought, with the same terminal, signals and exit code.
 *
 * `--version` and `-V`, alone, are answered from the package's manifest, without the program.
 *
 * In a clone the sources run, as they are or, where none has changed since, as `tooling/build/bundle.ts` put them together; in
 * an installed package, which has none, what was built from them does.
 */
export function launch(program: Program): Promise<void>;
