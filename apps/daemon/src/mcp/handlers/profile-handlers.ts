import type { McpParts } from "../mcp-parts.ts";
import type { McpHandlers } from "./mcp-handlers.ts";

const done = { done: true } as const;
type Names = "readConfig" | "editConfig" | "readStateFile" | "writeStateFiles" | "listProfiles" | "createProfile" | "showProfile" | "removeProfile" | "importProfile";

/** Answers about profiles and configuration. */
export function profileHandlers({ profiles, store }: McpParts): Pick<McpHandlers, Names> {
  return {
    readConfig: async ({ profile }) => await Promise.resolve(profiles.config(profile)),
    editConfig: async ({ profile, changes }) => await Promise.resolve(profiles.editConfig(profile, changes)),
    readStateFile: async ({ file }) => await Promise.resolve({ text: store.enabled.text(file) }),
    writeStateFiles: async ({ registry, config, tools }) => {
      store.enabled.replace({ ...(registry === undefined ? {} : { registry }), ...(config === undefined ? {} : { config }), ...(tools === undefined ? {} : { tools }) });
      return await Promise.resolve(done);
    },
    listProfiles: async () => await Promise.resolve(profiles.list()),
    createProfile: async (request, signal) => await profiles.create(request, signal),
    showProfile: async ({ profile }) => await Promise.resolve(profiles.show(profile)),
    removeProfile: async ({ profile }) => {
      profiles.remove(profile);
      return await Promise.resolve(done);
    },
    importProfile: async ({ text, force }) => await Promise.resolve(profiles.import(text, force)),
  };
}
