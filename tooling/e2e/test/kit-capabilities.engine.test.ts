import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import { afterAll, beforeAll, describe, it } from "vitest";
import { askEngine, labelled } from "../src/engine-api.ts";
import { openHost, type Host } from "../src/open-host.ts";

let host: Host;
let cwd: string;
beforeAll(async () => {
  host = openHost({ SBX_KEEP_READY: "no" });
  cwd = await host.project("desk", 1234);
  mkdirSync(path.join(skillsOf(host), "greet"), { recursive: true });
  writeFileSync(path.join(skillsOf(host), "greet/SKILL.md"), "greet\n");
}, 600_000);
afterAll(() => host[Symbol.asyncDispose](), 60_000);

/** Where the person keeps skills. */
function skillsOf({ env }: Host): string {
  return path.join(env["SBX_CONFIG_DIR"] ?? "", "skills");
}

/** Write a mixin into the person's home. */
function mixin(name: string, capabilities: readonly string[], dockerfile?: string): string {
  const directory = path.join(host.home, "kits", name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, "kit.yaml"), ['schemaVersion: "3"', "kind: mixin", "capabilities:", ...capabilities.map((one) => `  - ${one}`), ""].join("\n"));
  if (dockerfile !== undefined) writeFileSync(path.join(directory, "kit.dockerfile"), dockerfile);
  return directory;
}

/** A hook of root at each start, which changes what it may, and tries what it may not; one of the agent's comes after it. */
const ROOT_STARTUP = [
  "id -u >> /home/agent/started",
  "grep -E '^(CapPrm|NoNewPrivs)' /proc/self/status | tr -s '\\t\\n' '  ' >> /home/agent/started",
  "chown 0:0 /var/lib/tool/data",
  "chmod 777 /var/lib/tool/data",
  'ls -A "$WORKSPACE_DIR" >> /home/agent/started 2>/dev/null',
  "touch /opt/of-hook /home/agent/.other/skills/by-hook || :",
  "cp /bin/bash /home/agent/rootshell",
  "chmod 6755 /home/agent/rootshell",
  "cp /bin/bash /home/agent/.cache/kit/rootshell",
  "chmod 6755 /home/agent/.cache/kit/rootshell",
  "install -m 6755 /bin/bash /home/agent/.cache/kit/installed",
  "(setsid sleep 3600 >/dev/null 2>&1 </dev/null &)",
  "wc -l < /proc/net/route >> /home/agent/started",
  "cat /home/agent/.tool/skills/greet/SKILL.md >> /home/agent/started || :",
];
const STARTUP = `{ type: com.docker.sandbox/lifecycle@1, config: ${JSON.stringify({
  startup: [
    { command: ROOT_STARTUP.join("\n"), user: "root", env: ["WORKSPACE_DIR"] },
    { command: "cp /home/agent/started /home/agent/seen", user: "agent" },
  ],
})} }`;

const volume = (config: string): string => `{ type: com.docker.sandbox/volume@1, config: { ${config} } }`;
const inside = async (script: string): Promise<string> => (await host.sbx(["exec", "box", "sh", "-c", script])).stdout;
const volumesOf = (label: string): Promise<unknown> => askEngine("GET", `/volumes?${labelled(label)}`, process.env["DOCKER_HOST"]);

const Shared = z.array(z.object({ id: z.string(), kit: z.string(), path: z.string(), directory: z.string() }));
const shared = async (): Promise<z.infer<typeof Shared>> => Shared.parse(JSON.parse((await host.sbx(["kit", "shared", "ls", "--json"])).stdout));

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
        "{ type: com.docker.sandbox/agent-context@1, config: { directory: /home/agent/.notes, filename: N.md, content: at home } }",
        "{ type: com.docker.sandbox/port@1, optional: true, config: { container: 4321 } }",
        "{ type: com.docker.sandbox/agent-skills@1, config: { path: /home/agent/.tool/skills } }",
        "{ type: com.docker.sandbox/agent-skills@1, config: { path: /home/agent/.other/skills, mode: readwrite } }",
        "{ type: com.docker.sandbox/agent-skill@1, config: { path: /opt/lint } }",
        "{ type: com.docker.sandbox/host-mount@1, config: { path: /home/agent/.cache/kit, mode: '0750' } }",
        STARTUP,
      ],
      'ARG SBX_BASE\nFROM ${SBX_BASE}\nRUN mkdir /opt/lint && echo lint > /opt/lint/SKILL.md && mkdir -p /opt/store && echo "of the image" > /opt/store/file && mkdir -m 777 /opt/owned && mkdir /opt/store-notes && echo "of the image" > /opt/store-notes/NOTES.md && mkdir /home/agent/.notes && echo "of the image" > /home/agent/.notes/N.md && chown -R agent /home/agent/.notes\n',
    );
    const unsaid = await host.sbx(["create", "-q", "--name", "box", "--kit", kit, "shell"], { cwd });
    expect(unsaid.stderr).toContain("allow it with: --share /home/agent/.cache/kit");
    const made = await host.sbx(["create", "-q", "--name", "box", "--kit", kit, "--share", "/home/agent/.cache/kit", "shell"], { cwd });
    expect({ code: made.code, stderr: made.stderr }).toMatchObject({ code: 0, stderr: "" });
    expect(await inside("stat -c '%u:%g %a %n' /opt/store /var/lib/tool/data /scratch; ls -A /opt/store /var/lib/tool/data /scratch")).toBe(
      "1234:1234 1750 /opt/store\n0:0 777 /var/lib/tool/data\n1234:1234 700 /scratch\n/opt/store:\n\n/scratch:\n\n/var/lib/tool/data:\n",
    );
    const options = await inside(String.raw`awk '$5 == "/scratch" { print $6 "," $NF }' /proc/self/mountinfo`);
    for (const option of ["nosuid", "nodev", "size=8192k"]) expect(options.trim().split(",")).toContain(option);
    expect((await host.sbx(["exec", "box", "sh", "-c", "head -c 9000000 /dev/zero > /scratch/big"])).code).not.toBe(0);
    const started = "0\nCapPrm: 00000000000000cb NoNewPrivs: 1 1\ngreet\n";
    expect(await inside("cat ~/seen; ~/rootshell -p -c 'id -u'; ls /opt/of-hook 2>/dev/null; cat /proc/[0-9]*/comm | grep -c sleep")).toBe(`${started}1234\n0\n`);
    expect(await inside("cat ~/.tool/skills/*/SKILL.md ~/.other/skills/*/SKILL.md; for one in .tool .other; do echo x > ~/$one/skills/greet/SKILL.md || echo refused; done 2>/dev/null")).toBe(
      "greet\nlint\ngreet\nlint\nrefused\nrefused\n",
    );
    rmSync(skillsOf(host), { recursive: true });
    await inside("chmod 700 /opt/store; echo kept > /opt/store/note; echo kept > /var/lib/tool/data/note; echo lost > /scratch/note");

    const index = "\n\n# Kits of this sandbox\n\nWhat each says to agents:\n\n- stores: /usr/share/sandbox/kit/stores/context.md\n";
    expect(await inside("cat ../AGENTS.md /opt/store-notes/NOTES.md; echo > ../AGENTS.md || echo refused")).toBe(`beside the workspace${index}of the image\n\nof the Kit${index}refused\n`);
    expect(await inside("cat /usr/share/sandbox/kit/stores/context.md ~/.notes/N.md")).toBe(`beside the workspace\n\nof the Kit\n\nat homeof the image\n\n\nat home${index}`);
    expect(existsSync(path.join(cwd, "../AGENTS.md"))).toBe(false);

    const { ports, skipped, id } = await host.sandbox("box");
    expect(ports).toEqual([]);
    expect(skipped).toEqual([expect.stringContaining("--publish 4321")]);

    expect((await host.sbx(["stop", "box"])).code).toBe(0);
    for (const { Id, Labels } of await host.containersOf(id)) if (Labels["dev.sbx.role"] === "workload") await askEngine("DELETE", `/containers/${Id}`, process.env["DOCKER_HOST"]);
    expect(await inside("cat /opt/store/note /var/lib/tool/data/note; ls -A /scratch; stat -c %a /opt/store")).toBe("kept\nkept\n700\n");
    expect(await inside("grep -c 'Kits of this sandbox' ~/.notes/N.md")).toBe("1\n");
    expect(await inside("cat ~/seen; ls ~/.tool/skills")).toBe(`${started}${started.replace("greet\n", "")}lint\n`);

    // What a Kit shares is the person's to find, outlives its sandboxes, and is taken away only when none of them may write it.
    expect(await inside("stat -c '%u:%g %a' ~/.cache ~/.cache/kit; echo of the sandbox > ~/.cache/kit/note")).toBe("1234:1234 755\n1234:1234 750\n");
    const [{ id: share, directory, ...whose } = expect.fail("nothing is shared")] = await shared();
    expect([whose.kit, whose.path, readFileSync(path.join(directory, "note"), "utf8")]).toEqual([kit, "/home/agent/.cache/kit", "of the sandbox\n"]);
    for (const left of ["rootshell", "installed"].filter((name) => existsSync(path.join(directory, name))))
      expect(statSync(path.join(directory, left)).mode & 0o6000, `${left} of the hook's root gives nobody of this machine its rights`).toBe(0);
    expect(existsSync(path.join(directory, "rootshell"))).toBe(true);
    expect((await host.sbx(["kit", "shared", "rm", share])).stderr).toContain("SANDBOX_BUSY");

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
    expect(readFileSync(path.join(directory, "note"), "utf8")).toBe("of the sandbox\n");
    expect((await host.sbx(["kit", "shared", "rm", share])).code).toBe(0);
    expect([await shared(), existsSync(directory)]).toEqual([[], false]);
  });

  it("makes no sandbox whose volume would lie over something else, and leaves nothing of it", { timeout: 900_000 }, async ({ expect }) => {
    const before = await host.remains();
    const never = async (...kits: readonly string[]) => await host.sbx(["create", "-q", "--name", "never", ...kits.flatMap((kit) => ["--kit", kit]), "shell"], { cwd });
    const refused: readonly (readonly [kits: readonly string[], message: string])[] = [
      [[mixin("climbs", [volume("path: /data/../.sbx/docker")])], "belongs to sbx and the engine"],
      [[mixin("covers", [volume("path: /etc, tmpfs: true")])], "nothing of a Kit's lies over /etc"],
      [[mixin("tells", ["{ type: com.docker.sandbox/agent-context@1, config: { directory: /etc/x/../, filename: hosts, content: x } }"])], "nothing of a Kit's lies over /etc"],
      [[mixin("over-work", [volume(`path: ${cwd}/.git`)])], "would lie over your directory"],
      [[mixin("one", [volume("path: /data, size: 1g")]), mixin("two", [volume("path: /data/, size: 2g")])], '"one" (capabilities[0]) and "two" (capabilities[0]) do not agree'],
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
