/** What a client of the guard is told instead of an answer, in the form of Docker's own errors. */
export class Refusal extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "Refusal" });
  }

  /** Status of HTTP. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Say that something is not there, whether it never was or is somebody else's: the two must not be told apart. */
export function noSuch(kind: "container" | "exec instance" | "image" | "network" | "volume", reference: string): Refusal {
  const sentence = { container: "No such container:", "exec instance": "No such exec instance:", image: "No such image:", network: "network not found:", volume: "get volume: no such volume:" }[kind];
  return new Refusal(404, `${sentence} ${printable(reference)}`);
}

/** A client's own text in a message: short, and without what a terminal would obey. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?").slice(0, 200);
}
