import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, test } from "vitest";
import { whyNoEngine } from "@sbx/testing";
import { DockerLab, IMAGE, type GuardedSandbox } from "./lab.ts";

const missing = whyNoEngine("docker");
const RYUK = "testcontainers/ryuk:0.11.0";
/** As Testcontainers asks for it. */
const WISH = {
  Image: RYUK,
  Labels: { "org.testcontainers.ryuk": "true" },
  ExposedPorts: { "8080/tcp": {} },
  HostConfig: { Privileged: true, AutoRemove: true, Binds: ["/var/run/docker.sock:/var/run/docker.sock"], PortBindings: { "8080/tcp": [{ HostPort: "0" }] } },
};
const SESSION = { "org.testcontainers.session-id": "s1" };

describe.skipIf(missing !== undefined)(`Ryuk, and networks that are joined later${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  let box: GuardedSandbox;
  let other: GuardedSandbox;
  beforeAll(async () => {
    lab = await DockerLab.open();
    box = await lab.guard();
    other = await lab.guard();
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const startRyuk = async (): Promise<{ readonly id: string; readonly port: number }> => {
    expectStatus(await box.ask("POST", `/v1.41/images/create?fromImage=testcontainers%2Fryuk&tag=0.11.0`), 200);
    expectStatus(await box.ask("GET", `/v1.41/images/${RYUK}/json`), 200);
    const { Id: id } = (await box.ask("POST", "/v1.41/containers/create", WISH)).json as { readonly Id: string };
    expectStatus(await box.ask("POST", `/v1.41/containers/${id}/start`), 204);
    const { json } = await box.ask("GET", `/v1.41/containers/${id}/json`);
    const { NetworkSettings } = json as { readonly NetworkSettings: { readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[]>> } };
    return { id, port: Number(NetworkSettings.Ports["8080/tcp"]?.[0]?.HostPort) };
  };
  const speak = async (port: number, line: string): Promise<{ readonly socket: Socket; readonly answer: string }> => {
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    socket.write(`${line}\n`);
    const [piece] = (await Promise.race([once(socket, "data"), once(socket, "close")])) as [unknown];
    return { socket, answer: Buffer.isBuffer(piece) ? piece.toString() : "closed" };
  };
  function expectStatus({ status, text }: { readonly status: number; readonly text: string }, wanted: number): void {
    if (status !== wanted) throw new Error(`${status} ${text}`);
  }

  test("is answered without an image, a container or the engine's socket, and removes what its clients named when they are gone", async ({ expect }) => {
    const before = await lab.state();
    const { id, port } = await startRyuk();
    expect(await lab.state()).toBe(before);
    expect((await box.docker(["logs", id])).stdout).toContain(" Started!");
    expect((await box.docker(["ps", "--filter", "label=org.testcontainers.ryuk", "--format", "{{.Image}} {{.Ports}}"])).stdout).toBe(`${RYUK} 127.0.0.1:${port}->8080/tcp\n`);
    const listed = async (filter: string) => (await box.docker(["ps", "-a", "--filter", filter, "--format", "{{.Image}}"])).stdout.trim();
    expect(await Promise.all([`id=${id}`, "status=running", "status=exited", "id=0000", "network=bridge"].map(listed))).toEqual([RYUK, RYUK, "", "", ""]);
    const mine = await box.child({ Binds: ["kept:/k"] }, { Labels: SESSION });
    const kept = await box.child({}, { Labels: { "org.testcontainers.session-id": "other" } });
    await box.ask("POST", "/v1.41/networks/create", { Name: "n", Labels: SESSION });
    await box.ask("POST", "/v1.41/volumes/create", { Name: "v", Labels: SESSION });
    const theirs = await other.child({}, { Labels: SESSION });
    const first = await speak(port, "label=org.testcontainers.session-id=s1");
    expect(first.answer).toBe("ACK\n");
    first.socket.end();
    // Whoever comes back in time keeps everything.
    const second = await speak(port, "label=org.testcontainers.session-id=s1");
    expect((await box.ask("GET", `/v1.41/containers/${mine}/json`)).status).toBe(200);
    second.socket.destroy();
    await expect.poll(async () => (await box.ask("GET", `/v1.41/containers/${mine}/json`)).status, { timeout: 60_000 }).toBe(404);
    await expect.poll(async () => (await box.ask("GET", `/v1.41/containers/${id}/json`)).status, { timeout: 60_000 }).toBe(404);
    expect((await box.docker(["network", "ls", "-q", "--filter", "name=^n$"])).stdout).toBe("");
    expect((await box.docker(["volume", "ls", "-q"])).stdout).toBe("kept\n");
    // What has other labels, and what is another sandbox's, is not touched.
    expect((await box.ask("GET", `/v1.41/containers/${kept}/json`)).status).toBe(200);
    expect((await other.ask("GET", `/v1.41/containers/${theirs}/json`)).status).toBe(200);
    await box.ask("DELETE", `/v1.41/containers/${kept}?force=1`);
    await other.ask("DELETE", `/v1.41/containers/${theirs}?force=1`);
    await box.ask("DELETE", "/v1.41/volumes/kept");
    // A gate goes after its container.
    await expect.poll(() => lab.state(), { timeout: 60_000 }).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test.for(["", "label=", "name=x", "GET / HTTP/1.1", "x".repeat(5000), "label=dev.sbx.sandbox&name=y"])(
    "what is no line of its protocol ends the connection, and removes nothing: %s",
    async (line, { expect }) => {
      const { id, port } = await startRyuk();
      const child = await box.child();
      const { answer } = await speak(port, line);
      expect(answer).toBe("closed");
      await box.ask("DELETE", `/v1.41/containers/${id}?force=1`);
      expect((await box.ask("GET", `/v1.41/containers/${child}/json`)).status).toBe(200);
      await box.ask("DELETE", `/v1.41/containers/${child}?force=1`);
    },
  );

  test.for(["evil/ryuk:1", "testcontainers/ryuk2", "x testcontainers/ryuk", "testcontainers/ryuk/x"])("an image called %s is not taken for it: the rules hold", async (Image, { expect }) => {
    const before = await lab.state();
    expect((await box.ask("POST", "/v1.41/containers/create", { ...WISH, Image })).status).toBe(400);
    expect(await lab.state()).toBe(before);
  });

  test("a network is joined and left while a container runs, and stays so after a restart", async ({ expect }) => {
    const id = await box.child();
    const [pod] = (await lab.engine.list([`dev.sbx.sandbox=${box.sandbox}`, "dev.sbx.role=child"])).map(
      ({ labels }) => (JSON.parse(labels["dev.sbx.docker.record"] ?? "{}") as { readonly pod: never }).pod,
    );
    await box.docker(["network", "create", "later"]);
    expect((await box.docker(["network", "connect", "--alias", "db", "later", id])).stderr).toBe("");
    expect((await box.docker(["network", "connect", "later", id])).stderr).toContain("already exists in network later");
    const networks = async () => Object.keys(JSON.parse((await box.docker(["inspect", id, "--format", "{{json .NetworkSettings.Networks}}"])).stdout) as Readonly<Record<string, unknown>>).toSorted();
    expect(await networks()).toEqual(["bridge", "later"]);
    expect(box.pods.joined(pod as never).map(({ name, aliases }) => [name, aliases])).toEqual([
      ["bridge", []],
      ["later", ["db"]],
    ]);
    box = await box.restart();
    expect(await networks()).toEqual(["bridge", "later"]);
    expect((await box.docker(["network", "disconnect", "bridge", id])).stderr).toBe("");
    expect(await networks()).toEqual(["later"]);
    expect((await box.docker(["network", "disconnect", "bridge", id])).stderr).toContain("is not connected");
    expect((await box.docker(["network", "rm", "later"])).stderr).toContain("active endpoints");
    await box.ask("DELETE", `/v1.41/containers/${id}?force=1`);
    await box.docker(["network", "rm", "later"]);
    const volumes = await lab.engine.listVolumes([`dev.sbx.sandbox=${box.sandbox}`]);
    expect(volumes).toEqual([]);
  });

  test("nobody joins another sandbox's network, nor takes another's container along, nor leaves isolation", async ({ expect }) => {
    const [mine, theirs, none] = [await box.child(), await other.child(), await box.child({ NetworkMode: "none" })];
    const { Id: network } = (await other.ask("POST", "/v1.41/networks/create", { Name: "theirs" })).json as { readonly Id: string };
    await box.ask("POST", "/v1.41/networks/create", { Name: "mine" });
    const before = await lab.state();
    const attempts: readonly (readonly [string, unknown, number])[] = [
      [network, { Container: mine }, 404],
      ["mine", { Container: theirs }, 404],
      ["mine", { Container: none }, 403],
      ["host", { Container: mine }, 404],
      ["none", { Container: mine }, 404],
      ["mine", { Container: mine, EndpointConfig: { IPAMConfig: { IPv4Address: "10.0.0.1" } } }, 400],
      ["mine", { Container: mine, EndpointConfig: { DriverOpts: { a: "b" } } }, 400],
      ["mine", { Container: mine, Extra: 1 }, 400],
      ["mine", {}, 400],
    ];
    for (const [id, body, status] of attempts) expect((await box.ask("POST", `/v1.41/networks/${id}/connect`, body)).status).toBe(status);
    expect((await box.ask("POST", `/v1.41/networks/${network}/disconnect`, { Container: theirs, Force: true })).status).toBe(404);
    expect(await lab.state()).toBe(before);
    expect((await other.docker(["run", "--rm", IMAGE, "true"])).code).toBe(0);
  });
});
