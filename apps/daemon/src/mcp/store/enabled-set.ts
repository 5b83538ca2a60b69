import type { EnabledFiles } from "./enabled-files.ts";
import type { ServerSet } from "./server-set.ts";

/** Id of the set that is enabled for all sandboxes and clients. */
export const DEFAULT_PROFILE = "default";

/** What is enabled, seen as a profile. */
export function createEnabledSet(files: EnabledFiles): ServerSet {
  return {
    profile: () => ({ version: 1, id: DEFAULT_PROFILE, name: "What is enabled", servers: [...files.servers()] }),
    enable: (members) => {
      files.enable(members.map(({ name }) => name));
    },
    disable: (names) => {
      files.disable(names);
    },
    changeConfig: (changes) => {
      files.changeConfig(changes);
    },
    setTools: (choices) => {
      files.setTools(choices);
    },
  };
}
