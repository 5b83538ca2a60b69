import { visibleLabels } from "../answers/image-answers.ts";
import { isMember } from "../answers/object-answers.ts";
import type { Guard } from "../guard.ts";
import { removeWhole } from "../images/remove-image.ts";
import { removeContainer } from "../life/remove-container.ts";
import { imageFacts } from "../life/resolve-image.ts";
import { labelsFit } from "../routes/filter.ts";
import type { FilterLine } from "./filter-line.ts";

/** Remove what of the sandbox has all labels of one of the filters: containers first, then what they held. One fault does not keep the rest. */
export async function reap(guard: Guard, filters: readonly FilterLine[]): Promise<void> {
  const fits = (labels: Readonly<Record<string, string>>) => filters.some((filter) => labelsFit(labels, filter.labels));
  const each = async <T>(all: readonly T[], remove: (one: T) => Promise<unknown>) => {
    for (const one of all) await remove(one).catch(guard.parts.onFault);
  };
  await each(
    guard.containers.all().filter(({ asked }) => fits(asked.Labels ?? {})),
    (container) => removeContainer(guard, container, { force: true, volumes: true }),
  );
  await each(
    guard.networks.all().filter((network) => fits(network.labels) && !guard.containers.all().some((container) => isMember(container, network))),
    (network) => guard.networks.remove(network),
  );
  await each(
    guard.volumes.all().filter(({ labels }) => fits(labels)),
    (volume) => guard.volumes.remove(volume),
  );
  await each(guard.images.all(), async (image) => {
    const used = guard.containers.all().some(({ record }) => record.imageId === image.id);
    if (!used && fits(visibleLabels(await imageFacts(guard, image)))) await removeWhole(guard, image);
  });
}
