import type { ConfigChange, ServerProfile } from "@sbx/contracts";
import { isSeq, type Document } from "yaml";
import { removeAt, setAt } from "./edit-path.ts";
import type { Member, ServerSet } from "./server-set.ts";
import type { YamlFile } from "./yaml-file.ts";

/** A profile in a file of its own. */
export function createProfileSet(file: YamlFile<ServerProfile>): ServerSet {
  return {
    profile: () => file.read(),
    enable(members) {
      const there = new Set(file.read().servers.map(({ name }) => name));
      const fresh = members.filter(({ name }) => !there.has(name));
      if (fresh.length > 0) file.edit((document) => addMembers(document, fresh));
    },
    disable(names) {
      file.edit((document) => {
        const places = names.flatMap((name) => placesOf(document, name)).toSorted((one, other) => other - one);
        for (const index of places) document.deleteIn(["servers", index]);
      });
    },
    changeConfig(changes: readonly ConfigChange[]) {
      file.edit((document) => {
        for (const { server, path, value } of changes) {
          for (const index of placesOf(document, server)) {
            if (value === undefined) removeAt(document, ["servers", index, "config", ...path], 2);
            else setAt(document, ["servers", index, "config", ...path], value);
          }
        }
      });
    },
    setTools(choices) {
      file.edit((document) => {
        for (const [server, tools] of choices) {
          for (const index of placesOf(document, server)) {
            if (tools === undefined) document.deleteIn(["servers", index, "tools"]);
            else setAt(document, ["servers", index, "tools"], tools);
          }
        }
      });
    },
  };
}

/** Where a server stands in the file; several places when it stands there twice. */
function placesOf(document: Document, name: string): readonly number[] {
  const servers = document.getIn(["servers"], true);
  if (!isSeq(servers)) return [];
  return servers.items.flatMap((_item, index) => ([["name"], ["snapshot", "server", "name"]].some((path) => document.getIn(["servers", index, ...path]) === name) ? [index] : []));
}

function addMembers(document: Document, members: readonly Member[]): void {
  if (!isSeq(document.getIn(["servers"], true))) document.setIn(["servers"], document.createNode([]));
  for (const { written } of members) document.addIn(["servers"], document.createNode(written, { aliasDuplicateObjects: false }));
}
