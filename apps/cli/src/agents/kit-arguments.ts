import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Add one `NAME=VALUE` to those before it; the last of a name counts. @throws InvalidArgumentError without repeating a value */
export function collectArgument(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Write NAME=VALUE, the name in letters, digits and underscores.");
  return { ...before, [name]: value };
}
