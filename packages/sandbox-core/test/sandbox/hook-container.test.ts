import { describe, it } from "vitest";
import type { Mount } from "../../src/ports/engine.ts";
import { hookContainer, type HookContainerParts } from "../../src/sandbox/hook-container.ts";
import { workloadSeccomp } from "../../src/seccomp/workload-seccomp.ts";

const record = { id: "sbx_aaaaaaaa", image: "sha256:x", user: "1234:1234", homeDirectory: "/home/agent", volumes: [{ path: "/data", mode: 0o755 }], request: { limits: { pids: 512 } } };

/** The container of hooks that sees these mounts besides its own. */
function showing(...shown: readonly Mount[]) {
  return hookContainer({ record: record as unknown as HookContainerParts["record"], labels: {}, gate: undefined, holdProgram: "/hold", shown, files: { hosts: "/hosts", resolver: "/resolver" } });
}

describe("the container in which hooks run as root", () => {
  it("lets them set the set-id bits, as packages need it, where they write nothing of this machine", ({ expect }) => {
    for (const shown of [[], [{ kind: "bind", source: "/skills", target: "/.sbx/skills/readonly", readonly: true }] as const])
      expect(showing(...shown).seccomp).toEqual(workloadSeccomp({ setsIds: true }));
  });

  it("keeps them from leaving a set-id file of root on this machine, where they write a directory of it", ({ expect }) => {
    for (const target of ["/opt/cache", "/.sbx/skills/readwrite"]) expect(showing({ kind: "bind", source: "/state/shared", target, readonly: false }).seccomp).toEqual(workloadSeccomp());
  });
});
