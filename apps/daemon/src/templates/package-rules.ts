import type { Rule } from "@sbx/contracts";
import { packageHosts, SOURCE_FILES, sourcesOf, type Engine, type SandboxRecord } from "@sbx/core";
import { createSystemAddresses } from "@sbx/egress-proxy";
import { createInstallRules } from "../network/install-rules.ts";

/** What installing packages into a sandbox's image may reach: the distribution's hosts, and those that the image's own lists name. */
export function createPackageRules(engine: () => Promise<Pick<Engine, "readFile">>): (record: SandboxRecord) => Promise<readonly Rule[]> {
  const reach = createInstallRules({ own: createSystemAddresses() });
  return async ({ image }) => {
    const { readFile } = await engine();
    const texts = await Promise.all(SOURCE_FILES.map(async (file) => (await readFile(image, file).catch(() => Buffer.alloc(0))).toString("utf8")));
    const [index, ...others] = sourcesOf(texts);
    const listed = index === undefined ? [] : await reach(index, others);
    return [...packageHosts().map((to, at): Rule => ({ id: `packages:${at + 1}`, effect: "allow", to, layer: "profile", note: "Packages of the system" })), ...listed];
  };
}
