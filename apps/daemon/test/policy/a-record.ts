import { SandboxId } from "@sbx/contracts";
import { SandboxRecord } from "@sbx/core";

export function aRecord(): SandboxRecord {
  return {
    version: 1,
    id: SandboxId.parse("sbx_aaaaaaaa"),
    name: "box",
    createdAt: "2026-01-01T00:00:00.000Z",
    image: "sha256:0",
    user: "1000:1000",
    homeDirectory: "/home/agent",
    placeholder: "p",
    modelSource: "none",
    request: SandboxRecord.shape.request.parse({ agent: "shell", workspace: "/w", allow: ["run.test:443"] }),
    profileRules: [{ id: "profile:1", effect: "allow", to: "profile.test", layer: "profile" }],
    profileProtect: [],
    longRunning: false,
    protected: [],
    hidden: [],
    notices: [],
    skipped: [],
    kits: [],
    ready: true,
  };
}
