import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { describe, it } from "vitest";
import { aSandbox, aSession } from "../support/builders.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { runLine } from "../support/run-line.ts";

const creating = () => createFakeDaemon({ handlers: { createSandbox: () => Promise.resolve({ sandbox: aSandbox(), joined: false }), openSession: () => Promise.resolve(aSession()) } });
const askedFor = async (...args: readonly string[]) => {
  const result = await runLine(args, { daemon: creating() });
  const call = result.daemon.calls.find(({ name }) => name === "createSandbox")?.input as { readonly docker?: string; readonly agent?: string } | undefined;
  return { code: result.code, err: result.err, docker: call?.docker, agent: call?.agent };
};

describe("--mount-docker-socket", () => {
  it.for([
    [["create", "shell"], "none"],
    [["create", "--mount-docker-socket", "shell"], "guarded"],
    [["create", "--mount-docker-socket=guarded", "shell"], "guarded"],
    [["create", "--mount-docker-socket=raw", "--accept-host-root", "shell"], "raw"],
  ] as const)("%j asks for %s, and the next word is the agent", async ([args, docker], { expect }) => {
    expect(await askedFor(...args)).toMatchObject({ code: 0, docker, agent: "shell" });
  });

  it("gives nobody the engine who has not said so, and asks the daemon nothing", async ({ expect }) => {
    const { code, err, docker } = await askedFor("create", "--mount-docker-socket=raw", "shell");
    expect([code, docker]).toEqual([2, undefined]);
    expect(err).toContain("makes the agent root on this machine");
  });

  it("refuses another kind, and itself after the agent", async ({ expect }) => {
    expect((await askedFor("create", "--mount-docker-socket=all", "shell")).code).toBe(2);
    const late = await askedFor("run", "shell", "--mount-docker-socket");
    expect([late.code, late.docker]).toEqual([2, undefined]);
  });
});

describe("--docker-policy", () => {
  const withFile = async (text: string, ...args: readonly string[]) => {
    const directory = mkdtempSync("/tmp/sbx-docker-policy-");
    writeFileSync(`${directory}/policy.json`, text);
    const result = await runLine(["create", ...args, "--docker-policy", `${directory}/policy.json`, "shell"], { daemon: creating() });
    rmSync(directory, { recursive: true });
    const call = result.daemon.calls.find(({ name }) => name === "createSandbox")?.input as { readonly dockerPolicy?: unknown } | undefined;
    return { code: result.code, err: result.err, asked: call !== undefined, policy: call?.dockerPolicy };
  };

  it("is read whole and given to the daemon", async ({ expect }) => {
    const policy = { version: 1, hosts: ["api.example.org"], images: ["postgres:16"], limits: { totalMemoryBytes: 2 ** 30 } };
    expect(await withFile(JSON.stringify(policy), "--mount-docker-socket")).toMatchObject({ code: 0, policy });
  });

  it.for(["", "{}", '{"version":1,"host":[]}', '{"version":1,"hosts":[],"hosts":["**"]}', '{"version":1,"limits":{"memory":"4g"}}', '{"version":1,"limits":{"containers":0}}', '{"version":1}{}'])(
    "makes nothing while the file is %j",
    async (text, { expect }) => {
      const { code, err, asked } = await withFile(text, "--mount-docker-socket");
      expect([code === 0, asked]).toEqual([false, false]);
      expect(err).toContain("cannot be used");
    },
  );

  it("is nothing for who has no Docker API of their own", async ({ expect }) => {
    for (const args of [[], ["--mount-docker-socket=raw", "--accept-host-root"]]) expect(await withFile('{"version":1}', ...args)).toMatchObject({ code: 2, asked: false });
  });
});

describe("sbx docker", () => {
  const container = {
    id: "0123456789abcdef",
    name: "db\u001B[31m",
    image: "postgres:16",
    state: "running",
    status: "Up 2 minutes",
    ports: [{ containerPort: 5432, hostPort: 40_001 }],
    networks: ["app"],
  };
  const daemon = () =>
    createFakeDaemon({
      handlers: {
        inspectSandbox: () => Promise.resolve(aSandbox()),
        listContainers: () => Promise.resolve([container]),
        dockerUsage: () => Promise.resolve({ containers: 2, running: 1, containersBytes: 1_500_000, images: 1, imagesBytes: 0, volumes: 3, networks: 1 }),
        pruneDocker: () => Promise.resolve({ containers: ["0123456789abcdef"], networks: ["app"], volumes: [] }),
        listDockerImages: () => Promise.resolve([{ reference: "postgres:16", present: false }]),
        allowDockerImage: () => Promise.resolve({ done: true as const }),
      },
    });

  it("shows containers, usage and images without control characters", async ({ expect }) => {
    expect((await runLine(["docker", "ps", "shell-app"], { daemon: daemon() })).out).toBe(
      "ID             NAME   IMAGE         STATUS         PORTS         NETWORKS\n0123456789ab   db     postgres:16   Up 2 minutes   40001->5432   app\n",
    );
    expect((await runLine(["docker", "df", "shell-app"], { daemon: daemon() })).out).toContain("containers   2 (1 running)   1.5 MB\n");
    expect((await runLine(["docker", "images"], { daemon: daemon() })).out).toBe("IMAGE         THERE\npostgres:16   no\n");
    expect((await runLine(["docker", "prune", "shell-app"], { daemon: daemon() })).out).toBe("container 0123456789ab\nnetwork app\n2 removed\n");
  });

  it("prints documents with --json", async ({ expect }) => {
    expect(JSON.parse((await runLine(["docker", "ps", "shell-app", "--json"], { daemon: daemon() })).out)).toEqual([container]);
    expect(JSON.parse((await runLine(["docker", "prune", "shell-app", "--json"], { daemon: daemon() })).out)).toMatchObject({ networks: ["app"] });
  });

  it("refuses what cannot be the name of an image", async ({ expect }) => {
    for (const reference of ["", "-x", "a b", "../x", "A"]) expect((await runLine(["docker", "allow-image", "--", reference], { daemon: daemon() })).code).not.toBe(0);
    expect((await runLine(["docker", "allow-image", "postgres:16"], { daemon: daemon() })).out).toBe("postgres:16\n");
  });
});
