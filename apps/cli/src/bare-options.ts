/** Options whose value stands after an equals sign only, with what each means where none is given. */
const BARE: ReadonlyMap<string, string> = new Map([
  ["--mount-docker-socket", "guarded"],
  ["--ssh-agent", ""],
]);

/** Say the value of such an option that has none, so that the next word, which is the agent's name, is not taken for it. */
export function withBareOptions(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return argv.map((word, at) => {
    const value = end === -1 || at < end ? BARE.get(word) : undefined;
    return value === undefined ? word : `${word}=${value}`;
  });
}
