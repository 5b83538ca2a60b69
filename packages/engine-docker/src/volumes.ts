import type { VolumeEngine } from "@sbx/core";
import type Docker from "dockerode";
import { checkId } from "./containers.ts";
import { ask, askUnless, engineFailed } from "./docker-error.ts";

/** Named volumes of an engine. */
export function createVolumes({ docker }: { readonly docker: Docker }): VolumeEngine {
  return {
    // The engine answers with a volume that is there already, whatever it is: one that points at a path of the host,
    // or that is somebody else's, is refused.
    async createVolume(name, labels, sizeBytes) {
      const wanted = sizeBytes === undefined ? {} : { size: String(sizeBytes) };
      await ask(`create the volume ${name}`, async () => docker.createVolume({ Name: checkId(name), Driver: "local", Labels: { ...labels }, DriverOpts: wanted }));
      const { Driver, Options, Labels } = await ask(`look at the volume ${name}`, async () => docker.getVolume(name).inspect());
      const ours = Object.entries(labels).every(([key, value]) => Labels?.[key] === value);
      if (ours && Driver === "local" && isSame(Options ?? {}, wanted)) return;
      throw engineFailed(`create the volume ${name}`, "a volume of this name is there already and is not ours");
    },
    async removeVolume(name) {
      await askUnless([404], `remove the volume ${name}`, async () => {
        await docker.getVolume(checkId(name)).remove();
      });
    },
    async listVolumes(labels) {
      const found = await ask("list volumes", async () => docker.listVolumes({ filters: { label: [...labels] } }));
      return (found.Volumes ?? []).map(({ Name, Labels }) => ({ name: Name, labels: Labels ?? {} }));
    },
  };
}

function isSame(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  return Object.keys({ ...one, ...other }).every((key) => one[key] === other[key]);
}
