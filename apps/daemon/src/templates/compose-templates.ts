import path from "node:path";
import { ServerPodId } from "@sbx/contracts";
import { createInstallPods, type Engine, type SandboxParts, type ServerParts } from "@sbx/core";
import { createLayerMaker } from "@sbx/images";
import type { DaemonConfig } from "../config.ts";
import type { Log } from "../log.ts";
import { createServerFiles } from "../files/server-files.ts";
import { randomId } from "../random-id.ts";
import { createPackageRules } from "./package-rules.ts";
import { createTemplateFiles } from "./template-files.ts";

interface TemplateComposition {
  readonly config: DaemonConfig;
  readonly engine: () => Promise<Engine>;
  readonly images: SandboxParts["images"];
  readonly files: SandboxParts["files"];
  readonly network: ServerParts["network"];
  readonly log: Log;
}

/** What sandboxes need for templates and for packages of the system. */
export function composeTemplates({ config, engine, images, files, network, log }: TemplateComposition): Pick<SandboxParts, "layers" | "templates" | "installPods"> {
  const makers = new WeakMap<Engine, ReturnType<typeof createLayerMaker>>();
  return {
    layers: async () => {
      const connected = await engine();
      const maker = makers.get(connected) ?? createLayerMaker({ engine: connected, env: config.environment, owner: config.owner });
      makers.set(connected, maker);
      return maker;
    },
    templates: createTemplateFiles(path.join(config.stateDirectory, "templates"), (error) => {
      log.warn("template.unreadable", { error });
    }),
    installPods: createInstallPods({
      engine,
      images,
      network,
      files: createServerFiles(config.stateDirectory, files),
      owner: config.owner,
      newId: () => ServerPodId.parse(randomId("mcp_")),
      rules: createPackageRules(engine),
    }),
  };
}
