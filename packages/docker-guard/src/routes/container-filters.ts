import { isMember } from "../answers/object-answers.ts";
import type { ContainerSummary } from "../engine/engine-answers.ts";
import type { Guard } from "../guard.ts";
import type { OwnedContainer } from "../owned/container-record.ts";
import type { OwnedReaper } from "../reaper/owned-reapers.ts";
import { labelsFit, nameFits, type Filters } from "./filter.ts";

/** Names of the filters of `docker ps`. */
export const CONTAINER_FILTERS = ["ancestor", "exited", "health", "id", "label", "name", "network", "status", "volume"] as const;
export type ContainerFilters = Filters<(typeof CONTAINER_FILTERS)[number]>;

interface Seen {
  readonly guard: Guard;
  readonly container: OwnedContainer;
  readonly facts: ContainerSummary;
}

/** Whether one value of a filter fits; of a label every one has to. */
const FITS: { readonly [Name in Exclude<keyof ContainerFilters, "label" | "name">]: (seen: Seen, wanted: string) => boolean } = {
  ancestor: ({ container: { asked, record } }, wanted) => wanted === asked.Image || bare(record.imageId).startsWith(bare(wanted)),
  exited: ({ facts }, wanted) => facts.State === "exited" && /^Exited \((\d+)\)/.exec(facts.Status)?.[1] === wanted,
  health: ({ facts }, wanted) => healthOf(facts) === wanted,
  id: ({ container }, wanted) => container.id.startsWith(wanted),
  network: ({ guard, container }, wanted) => guard.networks.all().some((network) => (wanted === network.name || wanted === network.id) && isMember(container, network)),
  status: ({ facts }, wanted) => facts.State === wanted,
  volume: ({ container: { record } }, wanted) => record.mounts.some(({ source, target }) => wanted === source || wanted === target),
};

/** Whether a container is one that a list is asked for. */
export function fitsFilters(seen: Seen, wanted: ContainerFilters): boolean {
  const { asked, name } = seen.container;
  if (!labelsFit(asked.Labels ?? {}, wanted.label) || !nameFits(name, wanted.name)) return false;
  return Object.entries(FITS).every(([filter, fits]) => {
    // The table has a row for each of these names and no other.
    const values = wanted[filter as keyof typeof FITS];
    return values === undefined || values.some((value) => fits(seen, value));
  });
}

/** Whether a reaper is one that a list is asked for; of what it is not really, as its network, it is found by nothing. */
export function reaperFits({ id, name, labels, reaper }: OwnedReaper, { label, name: names, id: ids, status, ...others }: ContainerFilters): boolean {
  const state = reaper.port === undefined ? "created" : "running";
  const isOne = (values: readonly string[] | undefined, fits: (value: string) => boolean) => values === undefined || values.some(fits);
  return Object.keys(others).length === 0 && labelsFit(labels, label) && nameFits(name, names) && isOne(ids, (one) => id.startsWith(one)) && isOne(status, (one) => one === state);
}

function healthOf({ Status }: ContainerSummary): string {
  const found = ["healthy", "unhealthy", "starting"].find((state) => Status.endsWith(`(${state})`) || Status.endsWith(`(health: ${state})`));
  return found ?? "none";
}

function bare(image: string): string {
  return image.replace(/^sha256:/, "");
}
