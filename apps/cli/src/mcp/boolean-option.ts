import { InvalidArgumentError } from "@commander-js/extra-typings";

/** The value of a switch as Docker's tools have it: `--name`, `--name=true`, `--name=false`. @throws InvalidArgumentError */
export function parseBoolean(text: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw new InvalidArgumentError("write true or false.");
}
