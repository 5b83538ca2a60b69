import { Option } from "@commander-js/extra-typings";

const NAME = "--mount-docker-socket";

/** Which Docker API a sandbox gets. Its value stands after an equals sign only: the word that follows is the agent. */
export function dockerSocketOption() {
  return new Option(`${NAME} [kind]`, "a Docker API of its own for the agent: containers, compose and tests that start them; =raw gives it the engine of this machine instead").choices([
    "guarded",
    "raw",
  ] as const);
}

/** Say the value that the option has when none is given, so that the next word is not taken for it. */
export function withDockerSocketKind(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return argv.map((word, at) => (word === NAME && (end === -1 || at < end) ? `${NAME}=guarded` : word));
}
