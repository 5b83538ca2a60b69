/** One thing that was looked at. `warn`: it works, but not all of it. `fail`: no sandbox will start. */
export interface Check {
  readonly name: string;
  readonly state: "ok" | "warn" | "fail";
  /** What was found, without full stop. */
  readonly detail: string;
  /** What to do; on everything that is not ok. */
  readonly fix?: string;
  /** What `--fix` does by itself, where that is safe and needs nobody's decision. */
  readonly mend?: Mend;
}

export interface Mend {
  /** What is done, as a command to somebody, without full stop. */
  readonly what: string;
  readonly run: () => Promise<void>;
}

export const ok = (name: string, detail: string): Check => ({ name, state: "ok", detail });
export const warn = (name: string, detail: string, fix: string): Check => ({ name, state: "warn", detail, fix });
export const fail = (name: string, detail: string, fix: string): Check => ({ name, state: "fail", detail, fix });
export const mendable = (check: Check, mend: Mend | undefined): Check => (mend === undefined ? check : { ...check, mend });
