/** What stands before the command and holds for every one. */
export interface GlobalWords {
  /** The rest of the command line. */
  readonly argv: readonly string[];
  /** Say of a failure also what the daemon and the causes say. */
  readonly debug: boolean;
  /** Ask nobody, as where there is no terminal. */
  readonly noInput: boolean;
}

/** Take `-D`, `--debug` and `--no-input`, as they are typed at other tools, from before the command. After it words are the command's. */
export function takeGlobalWords(argv: readonly string[]): GlobalWords {
  const end = argv.findIndex((word) => !["-D", "--debug", "--no-input"].includes(word));
  const [words, rest] = end === -1 ? [argv, []] : [argv.slice(0, end), argv.slice(end)];
  return { argv: rest, debug: words.some((word) => word !== "--no-input"), noInput: words.includes("--no-input") };
}
