import { Option } from "@commander-js/extra-typings";

/** Which Docker API a sandbox gets. Its value stands after an equals sign only: the word that follows is the agent. */
export function dockerSocketOption() {
  return new Option("--mount-docker-socket [kind]", "a Docker API of its own for the agent: containers, compose and tests that start them; =raw gives it the engine of this machine instead").choices([
    "guarded",
    "raw",
  ] as const);
}
