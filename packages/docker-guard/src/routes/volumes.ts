import { volumeAnswer } from "../answers/object-answers.ts";
import type { Guard } from "../guard.ts";
import { empty, json } from "../http/answer.ts";
import type { OwnedVolume } from "../owned/owned-volumes.ts";
import { Refusal } from "../refusal.ts";
import { filterParameter, isAmong, labelsFit, nameFits, type Filters } from "./filter.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";
import { Flag } from "./schema/field.ts";
import { VolumeCreate } from "./schema/objects.ts";

function isUsed({ containers }: Guard, { name }: OwnedVolume): boolean {
  return containers.all().some(({ record }) => record.mounts.some(({ type, source }) => type === "volume" && source === name));
}

async function remove(guard: Guard, volume: OwnedVolume): Promise<void> {
  if (isUsed(guard, volume)) throw new Refusal(409, `remove ${volume.name}: volume is in use`);
  await guard.volumes.remove(volume);
  guard.events.tell({ type: "volume", action: "destroy", id: volume.name, attributes: { driver: "local" } });
}

async function prune(guard: Guard, { label, all }: Filters<"all" | "label">): Promise<unknown> {
  const everything = all?.some((one) => one === "true" || one === "1") === true;
  const unused = guard.volumes.all().filter((volume) => !isUsed(guard, volume) && (everything || volume.anonymous) && labelsFit(volume.labels, label));
  for (const volume of unused) await remove(guard, volume);
  return { VolumesDeleted: unused.map(({ name }) => name), SpaceReclaimed: 0 };
}

/** Volumes of the sandbox. */
export const VOLUME_ROUTES: readonly GuardRoute[] = [
  route("GET volumes", {
    means: "lists volumes",
    query: queryOf({ filters: filterParameter(["dangling", "driver", "label", "name"]) }),
    handle: ({ guard, query: { filters = {} } }) => {
      const found = guard.volumes
        .all()
        .filter(
          (volume) =>
            nameFits(volume.name, filters.name) &&
            labelsFit(volume.labels, filters.label) &&
            isAmong("local", filters.driver) &&
            (filters.dangling === undefined || filters.dangling.some((one) => (one === "true" || one === "1") !== isUsed(guard, volume))),
        );
      return json({ Volumes: found.map(volumeAnswer), Warnings: null });
    },
  }),
  route("POST volumes/create", {
    means: "makes a volume",
    body: VolumeCreate,
    handle: async ({ guard, body: { Name, Labels = {} } }) => {
      const { volume, made } = await guard.volumes.ensure(Name === "" ? undefined : Name, Labels);
      if (made) guard.events.tell({ type: "volume", action: "create", id: volume.name, attributes: { driver: "local" } });
      return json(volumeAnswer(volume), 201);
    },
  }),
  route("GET volumes/{name}", { means: "says everything of a volume", handle: ({ guard, param }) => json(volumeAnswer(guard.volumes.find(param))) }),
  route("DELETE volumes/{name}", {
    means: "removes a volume that no container has",
    query: queryOf({ force: Flag }),
    handle: async ({ guard, param }) => {
      await remove(guard, guard.volumes.find(param));
      return empty();
    },
  }),
  route("POST volumes/prune", {
    means: "removes those that no container has: without a name, or with `all` every one",
    query: queryOf({ filters: filterParameter(["all", "label"]) }),
    handle: async ({ guard, query: { filters = {} } }) => json(await prune(guard, filters)),
  }),
];
