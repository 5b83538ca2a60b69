import { planServer } from "@sbx/catalog";
import { SandboxId, ServerEntry } from "@sbx/contracts";
import { describe, it } from "vitest";
import { createPackagePrograms } from "../../../src/mcp/running/server-programs.ts";
import { serverLaunch } from "../../../src/mcp/running/server-launches.ts";

const BOX = SandboxId.parse("sbx_aaaaaaaa");
const find = createPackagePrograms({ prepare: () => Promise.resolve({ image: "sha256:1", volume: "v", target: "/opt/mcp", command: ["/usr/local/bin/node", "/opt/mcp/index.js"] }) });
const options = { progress: () => undefined, signal: new AbortController().signal };

describe("the program of a package", () => {
  it("begins with what was installed, which is seen and not written", async ({ expect }) => {
    const plan = planServer(
      ServerEntry.parse({ name: "time", source: { kind: "pypi", package: "mcp-server-time", version: "1.0.0" }, command: ["--zone", "${__dirname}"], env: [{ name: "ZONE", value: "UTC" }] }),
    );
    const launch = serverLaunch({ plan, program: await find(plan, options), sandbox: BOX, secrets: {}, mayWrite: true });
    expect(launch).toMatchObject({
      purpose: "run",
      command: ["/usr/local/bin/node", "/opt/mcp/index.js", "--zone", "${__dirname}"],
      env: { ZONE: "UTC" },
      volumes: [{ kind: "package", volume: "v", target: "/opt/mcp" }],
    });
  });

  it("of a bundle is told where it lies", async ({ expect }) => {
    const source = { kind: "bundle", from: "/b.mcpb", sha256: "0".repeat(64) };
    const plan = planServer(ServerEntry.parse({ name: "b", source, command: ["${__dirname}/data"], env: [{ name: "PYTHONPATH", value: "${__dirname}/lib:${__dirname}/x" }] }));
    const launch = serverLaunch({ plan, program: await find(plan, options), sandbox: BOX, secrets: {}, mayWrite: false });
    expect(launch).toMatchObject({ workdir: "/opt/mcp", command: ["/usr/local/bin/node", "/opt/mcp/index.js", "/opt/mcp/data"], env: { PYTHONPATH: "/opt/mcp/lib:/opt/mcp/x" } });
  });
});

describe("a part of the workspace", () => {
  it.for([
    ["/w:/w", false, true],
    ["/w:/w", true, false],
    ["/w:/w:ro", true, true],
  ] as const)("%s is written only when entry and person both say so (%s)", async ([volume, mayWrite, readonly], { expect }) => {
    const [source = "", ...rest] = volume.split(":");
    const entry = ServerEntry.parse({
      name: "files",
      source: { kind: "npm", package: "files", version: "1.0.0" },
      volumes: [[`{{files.path}}`, ...rest].join(":")],
      config: [{ name: "files", type: "object", properties: { path: { type: "string" } } }],
    });
    const plan = planServer(entry, { path: source });
    const { volumes } = serverLaunch({ plan, program: await find(plan, options), sandbox: BOX, secrets: {}, mayWrite });
    expect(volumes.at(-1)).toEqual({ kind: "part", path: "/w", target: "/w", readonly });
  });
});
