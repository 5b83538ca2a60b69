import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { startStandInRegistry } from "@sbx/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, patiently, type Host } from "../src/open-host.ts";

/** How agents call the image of their own sandbox. */
const IMAGE = "sbx/own:latest";
/** Says its name to whoever connects. */
const SERVER = 'import socket\ns=socket.create_server(("0.0.0.0",8000))\nwhile True:\n c,_=s.accept()\n c.sendall(b"served by "+socket.gethostname().encode()+b"\\n")\n c.close()';
const ask = (host: string, port: number | string) => `nc -w 5 ${host} ${port} </dev/null`;

let host: Host;
let cwd: string;
/** Run a script in the sandbox, as its agent would. */
const inside = (script: string, name = "shell-docker") => host.sbx(["exec", name, "sh", "-c", script]);
const say = async (script: string, name?: string) => (await inside(script, name)).stdout;
const serve = (name: string, options = "") =>
  `docker run -d --name ${name} --hostname ${name} ${options} ${IMAGE} python3 -c '${SERVER}' >/dev/null && until docker exec ${name} nc -z 127.0.0.1 8000; do sleep 0.1; done`;

beforeAll(async () => {
  host = openHost();
  cwd = await host.project("docker");
  const made = await host.sbx(["create", "-q", "--mount-docker-socket", "shell"], { cwd });
  if (made.code !== 0) throw new Error(made.stderr);
});
afterAll(() => host[Symbol.asyncDispose]());

describe("the docker command line in a sandbox", () => {
  it("runs, lists, executes, copies, follows logs and counts, without being configured", async ({ expect }) => {
    expect(await inside(`docker run --rm ${IMAGE} sh -c 'echo out; echo err >&2; exit 7'`)).toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
    expect(await say(`docker run -d --name one ${IMAGE} sh -c 'echo first; sleep 1; echo second; exec sleep 300' >/dev/null; docker exec -i one cat <<X\nthrough\nX\n`)).toBe("through\n");
    expect(await say("timeout 20 sh -c 'docker logs -f one | head -2'")).toBe("first\nsecond\n");
    expect(await say("echo content > /tmp/f && docker cp /tmp/f one:/tmp/g >/dev/null && docker exec one cat /tmp/g && docker cp one:/tmp/g - | tar -xO")).toBe("content\ncontent\n");
    expect(await say("docker stats --no-stream --format '{{.Name}} {{.PIDs}}' one; docker ps --format '{{.Names}} {{.Image}}'")).toBe(`one 1\none ${IMAGE}\n`);
    expect(await say("docker rm -f one; sleep 1; docker events --since 5m --until 0s --format '{{.Action}}' --filter container=one | tail -1")).toBe("one\ndestroy\n");
  });

  it("is shown to the person: what runs, what is kept, and that the sandbox has it", async ({ expect }) => {
    await inside(serve("shown", "-p 8000"));
    expect((await host.sbx(["ls"])).stdout).toMatch(/shell-docker +shell +running +0 +own /);
    expect((await host.sandbox("shell-docker")).docker).toBe("guarded");
    const [shown] = JSON.parse((await host.sbx(["docker", "ps", "shell-docker", "--json"])).stdout) as readonly Readonly<Record<string, unknown>>[];
    expect(shown).toMatchObject({ name: "shown", image: IMAGE, state: "running", ports: [{ containerPort: 8000 }], networks: ["bridge"] });
    expect(JSON.parse((await host.sbx(["docker", "df", "shell-docker", "--json"])).stdout)).toMatchObject({ containers: 1, running: 1, volumes: 0, networks: 1 });
    await inside("docker stop -t 0 shown; docker volume create kept");
    const pruned = JSON.parse((await host.sbx(["docker", "prune", "shell-docker", "--json"])).stdout) as Readonly<Record<string, readonly string[]>>;
    expect([pruned["containers"]?.length, pruned["volumes"]]).toEqual([1, ["kept"]]);
    const told = (await host.events()).filter(({ fields }) => fields["name"] === "shown").map(({ type }) => type);
    expect(told).toEqual(["docker.created", "docker.started", "docker.ended", "docker.removed"]);
  });
});

describe("networks and ports of an agent's containers", () => {
  beforeAll(async () => {
    await inside(`docker network create n >/dev/null; docker network create other >/dev/null; ${serve("web", "--network n --network-alias api -p 8000 -p 9001:8000")}`);
  });
  afterAll(async () => {
    await inside("docker rm -f $(docker ps -aq); docker network rm n other");
  });

  it("publishes at the agent's localhost, at its host.docker.internal, at the gateway, and reaches a container's own address", async ({ expect }) => {
    const port = (await say("docker port web 8000 | head -1 | cut -d: -f2")).trim();
    const address = (await say("docker inspect web -f '{{.NetworkSettings.Networks.n.IPAddress}}'")).trim();
    expect(await say([ask("localhost", port), ask("localhost", 9001), ask("host.docker.internal", port), ask("100.127.0.1", port), ask(address, 8000)].join(";"))).toBe("served by web\n".repeat(5));
    expect(await inside(`docker run --rm -p 9001:1 ${IMAGE} true`)).toMatchObject({ code: 125, stdout: "" });
  });

  it("lets members of a network find each other by name, alias and address, and nobody else", async ({ expect }) => {
    const address = (await say("docker inspect web -f '{{.NetworkSettings.Networks.n.IPAddress}}'")).trim();
    const all = [ask("web", 8000), ask("api", 8000), ask(address, 8000)].join(";");
    expect(await say(`docker run --rm --network n ${IMAGE} sh -c '${all}'`)).toBe("served by web\n".repeat(3));
    for (const options of ["--network other", "", "--network none"]) expect(await say(`docker run --rm ${options} ${IMAGE} sh -c '${all}'`)).toBe("");
    expect(await say(`docker run --rm --network n ${IMAGE} sh -c '${ask("web", 8001)}; echo $?'`)).not.toContain("served");
  });

  it("gives a container published ports at host.docker.internal, and the agent's own only where it asked for them", async ({ expect }) => {
    const begun = inside(`timeout 60 python3 -c '${SERVER.replace("0.0.0.0", "127.0.0.1").replace("8000", "7777")}'`);
    expect(await patiently(20_000, async () => (await say(ask("127.0.0.1", 7777))).startsWith("served"))).toBe(true);
    expect(await say(`docker run --rm ${IMAGE} sh -c '${ask("host.docker.internal", 9001)}; ${ask("host.docker.internal", 7777)}'`)).toBe("served by web\n");
    expect(await say(`docker run --rm --add-host host.docker.internal:host-gateway ${IMAGE} sh -c '${ask("host.docker.internal", 7777)}'`)).toBe(
      `served by sbx-${(await host.sandbox("shell-docker")).id.slice(4)}\n`,
    );
    await inside("pkill -f 7777");
    await begun;
  });

  it("keeps ports and names when the daemon is killed and comes back", async ({ expect }) => {
    const port = (await say("docker port web 8000 | head -1 | cut -d: -f2")).trim();
    const { pid } = JSON.parse(readFileSync(path.join(host.stateDirectory, "sbxd.lock"), "utf8")) as { readonly pid: number };
    process.kill(pid, "SIGKILL");
    expect(await say([ask("localhost", port), ask("localhost", 9001)].join(";"))).toBe("served by web\n".repeat(2));
    expect(await say(`docker run --rm --network n ${IMAGE} sh -c '${ask("web", 8000)}'`)).toBe("served by web\n");
  });

  it("stops containers with the sandbox and starts them again when the agent does", async ({ expect }) => {
    expect((await host.sbx(["stop", "shell-docker"])).code).toBe(0);
    const { id } = await host.sandbox("shell-docker");
    const states = await Promise.all((await host.containersOf(id)).map(async ({ Id }) => (JSON.parse(await host.inspect(Id)) as { readonly State: { readonly Running: boolean } }).State.Running));
    expect(states).toEqual(states.map(() => false));
    expect(states.length).toBe(4);
    await host.sbx(["start", "shell-docker"]);
    expect(await say("docker ps -q; docker start web; until docker exec web nc -z 127.0.0.1 8000; do sleep 0.1; done")).toBe("web\n");
    expect(await say(ask("localhost", 9001))).toBe("served by web\n");
  });
});

describe("what an agent's containers do not reach", () => {
  const seen: string[] = [];
  let service: Server;
  let port = 0;
  beforeAll(async () => {
    service = createServer((socket) => {
      seen.push(socket.remoteAddress ?? "");
      socket.on("error", () => undefined).end("host service\n");
    }).listen(0, "0.0.0.0");
    await once(service, "listening");
    const address = service.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  });
  afterAll(() => service.close());

  it("is the host by any of its addresses, the metadata address, or a name that no rule allows", async ({ expect }) => {
    const own = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).filter(({ family }) => family === "IPv4").map(({ address }) => address));
    const tries = [...own, "172.17.0.1", "0.0.0.0", "host.docker.internal", "gateway.docker.internal", "100.127.0.1"].map((one) => ask(one, port));
    const others = [ask("169.254.169.254", 80), ask("evildomain.com", 443), ask("model.sbx.internal", 80), ask("mcp.sbx.internal", 8811), ask("host.docker.internal", 8811)];
    const script = `docker run --rm --add-host x:169.254.169.254 --add-host host.docker.internal:host-gateway ${IMAGE} sh -c '${[...tries, ...others].join(";")}; wget -qO- http://x/ ; cat /proc/net/dev | wc -l; ls /sys/class/net'`;
    const { stdout } = await inside(script);
    expect(stdout).toBe("3\nlo\n");
    expect(seen).toEqual([]);
  });

  it("is more than the sandbox, and as much: a rule for the sandbox holds for its containers", async ({ expect }) => {
    await host.sbx(["policy", "allow", `host.docker.internal:${port}`, "--sandbox", "shell-docker"]);
    const script = `docker run --rm ${IMAGE} sh -c '${ask("host.docker.internal", port)}'`;
    expect(await say(script)).toBe("host service\n");
    expect(seen).toHaveLength(1);
    expect(await say(`docker run --rm --network none ${IMAGE} sh -c '${ask("host.docker.internal", port)}'`)).toBe("");
    expect(
      await say(`docker network create --internal closed >/dev/null; docker run --rm --network closed ${IMAGE} sh -c '${ask("host.docker.internal", port)}'; docker network rm closed >/dev/null`),
    ).toBe("");
    expect(seen).toHaveLength(1);
  });

  it("is another sandbox: its containers, addresses, names, ports and volumes", async ({ expect }) => {
    await inside(serve("victim", "-p 9100:8000 -v data:/data"));
    await inside("docker exec -u 0 victim sh -c 'echo secret > /data/f'");
    const second = await host.project("second");
    expect((await host.sbx(["create", "-q", "--mount-docker-socket", "shell"], { cwd: second })).code).toBe(0);
    const address = (await say("docker inspect victim -f '{{.NetworkSettings.IPAddress}}'")).trim();
    const tries = [ask(address, 8000), ask("localhost", 9100), ask("host.docker.internal", 9100), ask("100.127.0.1", 9100), ask("victim", 8000)].join(";");
    expect(await say(`${tries}; docker ps -aq; docker volume ls -q; docker inspect victim 2>/dev/null | head -c 2`, "shell-second")).toBe("[]");
    expect(await say(`docker run --rm -v data:/data ${IMAGE} sh -c '${tries}; ls -A /data'`, "shell-second")).toBe("");
    const { id } = await host.sandbox("shell-second");
    expect((await host.sbx(["rm", "shell-second"])).code).toBe(0);
    expect(await host.containersOf(id)).toEqual([]);
    expect(await say("docker exec victim cat /data/f; docker rm -fv victim; docker volume rm data")).toBe("secret\nvictim\ndata\n");
  });

  it("is the engine, the daemon, a gate or its socket", async ({ expect }) => {
    const [gate] = (await host.containersOf((await host.sandbox("shell-docker")).id)).filter(({ Labels }) => Labels["dev.sbx.role"] === "gate");
    for (const options of [
      "-v /var/run/docker.sock:/var/run/docker.sock",
      "-v /.sbx/docker:/x",
      `-v ${host.stateDirectory}:/x`,
      `--network container:${gate?.Id ?? ""}`,
      "--network host",
      "--pid host",
      "--privileged",
      "--device /dev/sda",
      "--cap-add NET_ADMIN",
    ]) {
      const { code, stdout } = await inside(`docker run --rm ${options} ${IMAGE} echo through`);
      expect([options, code, stdout]).toEqual([options, 125, ""]);
    }
    const mounts = await say(`docker run --rm -u 0 ${IMAGE} sh -c 'cat /proc/self/mountinfo; ls -A /run /.sbx 2>/dev/null'`);
    for (const word of ["gate", "sbxd", "sock ", host.stateDirectory]) expect(mounts.replace("docker.sock", "")).not.toContain(word);
    expect((await host.events()).filter(({ type }) => type === "docker.refused").length).toBeGreaterThan(5);
  });
});

describe("registries", () => {
  it("are asked where a rule of the sandbox says so, and not any more when it is taken back", async ({ expect }) => {
    await using registry = await startStandInRegistry({
      name: "team/app",
      tag: "1",
      layer: execFileSync("sh", ["-c", "cd $(mktemp -d) && echo hello > hello && tar -c hello && rm hello && rmdir $PWD"]),
    });
    const name = `${registry.address}/team/app:1`;
    expect((await inside(`docker pull ${name}`)).stderr).toContain(`sbx docker allow-pull ${name} --sandbox shell-docker`);
    expect(registry.asked).toEqual([]);
    const images = `${registry.address}/team/*`;
    expect(await host.sbx(["docker", "allow-pull", images, "--sandbox", "shell-docker"])).toMatchObject({ code: 0, stdout: `${images}\n` });
    expect(await say(`docker pull -q ${name} && docker create --name look ${name} x >/dev/null && docker cp look:/hello - | tar -xO; docker rm look; docker rmi ${name} >/dev/null`)).toBe(
      `${name}\nhello\nlook\n`,
    );
    expect(JSON.parse((await host.sbx(["docker", "rules", "--sandbox", "shell-docker", "--json"])).stdout)).toEqual([{ action: "pull", images, for: "sandbox" }]);
    expect((await host.sbx(["docker", "rules"])).stdout).toContain("No rule");
    expect((await host.sbx(["docker", "deny-pull", images, "--sandbox", "shell-docker"])).code).toBe(0);
    expect((await inside(`docker pull ${name}`)).code).not.toBe(0);
    expect((await host.events()).filter(({ type, fields }) => type === "docker.created" && fields["kind"] === "image").length).toBe(1);
  });
});

describe("the engine's own socket", () => {
  it("is given only to who says that it is root on the host, and is shown", async ({ expect }) => {
    const raw = await host.project("raw");
    const refused = await host.sbx(["create", "-q", "--mount-docker-socket=raw", "shell"], { cwd: raw });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("makes the agent root on this machine");
    expect((await host.sandboxes()).map(({ name }) => name)).not.toContain("shell-raw");
    expect((await host.sbx(["create", "-q", "--mount-docker-socket=raw", "--accept-host-root", "shell"], { cwd: raw })).code).toBe(0);
    expect(await say("docker info -f '{{.OperatingSystem}}'", "shell-raw")).not.toContain("sbx sandbox");
    expect((await host.sbx(["ls"])).stdout).toContain("RAW: root on this machine");
    expect((await host.sbx(["rm", "shell-raw"])).code).toBe(0);
  });
});

describe("the end of a sandbox", () => {
  it("takes everything with it that its agent made", async ({ expect }) => {
    await inside(`docker volume create vol; docker network create gone; docker run -d --name a -v vol:/v --network gone ${IMAGE} sleep 300; docker create --name b ${IMAGE} true`);
    const { id } = await host.sandbox("shell-docker");
    expect((await host.containersOf(id)).length).toBeGreaterThan(5);
    expect((await host.sbx(["rm", "shell-docker"])).code).toBe(0);
    expect((await host.sbx(["daemon", "stop"])).code).toBe(0);
    expect(await host.remains()).toEqual([]);
  });
});
