import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { askEngine, labelled } from "../src/engine-api.ts";
import { openHost, type Host } from "../src/open-host.ts";

let host: Host;
let cwd: string;
beforeAll(async () => {
  host = openHost({ SBX_KEEP_READY: "no" });
  cwd = await host.project("desk", 1234);
}, 600_000);
afterAll(() => host[Symbol.asyncDispose](), 60_000);

/** Write a mixin into the person's home. */
function mixin(name: string, capabilities: readonly string[], dockerfile?: string): string {
  const directory = path.join(host.home, "kits", name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, "kit.yaml"), ['schemaVersion: "3"', "kind: mixin", "capabilities:", ...capabilities.map((one) => `  - ${one}`), ""].join("\n"));
  if (dockerfile !== undefined) writeFileSync(path.join(directory, "kit.dockerfile"), dockerfile);
  return directory;
}

const volume = (config: string): string => `{ type: com.docker.sandbox/volume@1, config: { ${config} } }`;
const inside = async (script: string): Promise<string> => (await host.sbx(["exec", "box", "sh", "-c", script])).stdout;
const volumesOf = (label: string): Promise<unknown> => askEngine("GET", `/volumes?${labelled(label)}`, process.env["DOCKER_HOST"]);

describe("capabilities of Kits in a real sandbox", () => {
  it("gives volumes that are empty, its user's, kept over starts, and gone with it", { timeout: 900_000 }, async ({ expect }) => {
    const kit = mixin(
      "stores",
      [
        volume("path: /opt/store, mode: '1750'"),
        volume("path: /var/lib/tool/data"),
        volume("path: /opt/owned/way/docker"),
        volume("path: /scratch, tmpfs: true, size: 8m, mode: '0700'"),
        "{ type: com.docker.sandbox/agent-context@1, config: { content: beside the workspace } }",
        "{ type: com.docker.sandbox/agent-context@1, config: { directory: /opt/store-notes, filename: NOTES.md, content: of the Kit } }",
        "{ type: com.docker.sandbox/port@1, optional: true, config: { container: 4321 } }",
      ],
      'ARG SBX_BASE\nFROM ${SBX_BASE}\nRUN mkdir -p /opt/store && echo "of the image" > /opt/store/file && mkdir -m 777 /opt/owned && mkdir /opt/store-notes && echo "of the image" > /opt/store-notes/NOTES.md\n',
    );
    const made = await host.sbx(["create", "-q", "--name", "box", "--kit", kit, "shell"], { cwd });
    expect(made).toMatchObject({ code: 0 });
    expect(await inside("stat -c '%u:%g %a %n' /opt/store /var/lib/tool/data /scratch; ls -A /opt/store /var/lib/tool/data /scratch")).toBe(
      "1234:1234 1750 /opt/store\n1234:1234 755 /var/lib/tool/data\n1234:1234 700 /scratch\n/opt/store:\n\n/scratch:\n\n/var/lib/tool/data:\n",
    );
    const options = await inside(String.raw`awk '$5 == "/scratch" { print $6 "," $NF }' /proc/self/mountinfo`);
    for (const option of ["nosuid", "nodev", "size=8192k"]) expect(options.trim().split(",")).toContain(option);
    expect((await host.sbx(["exec", "box", "sh", "-c", "head -c 9000000 /dev/zero > /scratch/big"])).code).not.toBe(0);
    await inside("chmod 700 /opt/store; echo kept > /opt/store/note; echo kept > /var/lib/tool/data/note; echo lost > /scratch/note");

    expect(await inside("cat ../AGENTS.md /opt/store-notes/NOTES.md; echo > ../AGENTS.md || echo refused")).toBe("beside the workspaceof the image\n\nof the Kitrefused\n");
    expect(existsSync(path.join(cwd, "../AGENTS.md"))).toBe(false);

    const { ports, skipped, id } = await host.sandbox("box");
    expect(ports).toEqual([]);
    expect(skipped).toEqual([expect.stringContaining("--publish 4321")]);

    expect((await host.sbx(["stop", "box"])).code).toBe(0);
    for (const { Id, Labels } of await host.containersOf(id)) if (Labels["dev.sbx.role"] === "workload") await askEngine("DELETE", `/containers/${Id}`, process.env["DOCKER_HOST"]);
    expect(await inside("cat /opt/store/note /var/lib/tool/data/note; ls -A /scratch; stat -c %a /opt/store")).toBe("kept\nkept\n700\n");

    // An agent that may write above a volume points its path at what is ours.
    await inside("cd /opt/owned && mv way aside && ln -s /.sbx way && ls -l way");
    expect((await host.sbx(["stop", "box"])).code).toBe(0);
    const led = await host.sbx(["exec", "box", "true"]);
    expect(led.code).not.toBe(0);
    expect(led.stderr).toContain("/opt/owned/way is a link there");
    expect((await host.sandbox("box")).state).toEqual({ phase: "stopped" });

    expect(JSON.stringify(await volumesOf(`dev.sbx.sandbox=${id}`))).toContain("sbx-volume-");
    expect((await host.sbx(["rm", "-f", "box"])).code).toBe(0);
    expect(await volumesOf(`dev.sbx.sandbox=${id}`)).toMatchObject({ Volumes: [] });
  });

  it("makes no sandbox whose volume would lie over something else, and leaves nothing of it", { timeout: 900_000 }, async ({ expect }) => {
    const before = await host.remains();
    const never = async (...kits: readonly string[]) => await host.sbx(["create", "-q", "--name", "never", ...kits.flatMap((kit) => ["--kit", kit]), "shell"], { cwd });
    const refused: readonly (readonly [kits: readonly string[], message: string])[] = [
      [[mixin("climbs", [volume("path: /data/../.sbx/docker")])], "belongs to sbx and the engine"],
      [[mixin("covers", [volume("path: /etc, tmpfs: true")])], "nothing of a Kit's lies over /etc"],
      [[mixin("tells", ["{ type: com.docker.sandbox/agent-context@1, config: { directory: /etc/x/../, filename: hosts, content: x } }"])], "nothing of a Kit's lies over /etc"],
      [[mixin("over-work", [volume(`path: ${cwd}/.git`)])], "would lie over your directory"],
      [[mixin("one", [volume("path: /data, size: 1g")]), mixin("two", [volume("path: /data/, size: 2g")])], '"one" and "two" do not agree'],
      [[mixin("opens", ["{ type: com.docker.sandbox/port@1, config: { container: 4321 } }"])], "--publish 4321"],
      [[mixin("linked", [volume("path: /opt/way/docker")], "ARG SBX_BASE\nFROM ${SBX_BASE}\nRUN ln -s /.sbx /opt/way\n")], "/opt/way is a link there"],
    ];
    for (const [kits, message] of refused) {
      const { code, stderr } = await never(...kits);
      expect(code, message).not.toBe(0);
      expect(stderr).toContain(message);
    }
    expect(await host.remains()).toEqual(before);
    expect(await host.sandboxes()).toEqual([]);
  });
});
