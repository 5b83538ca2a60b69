import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { whyNoEngine } from "@sbx/testing";
import { DockerLab, IMAGE, type GuardedSandbox } from "./lab.ts";

const missing = whyNoEngine("docker");

/** What a port of the loopback sends before it hangs up; nothing when there is nobody. */
async function whatSays(port: number): Promise<string> {
  let text = "";
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  socket.on("data", (piece) => {
    text += piece.toString();
  });
  await once(socket, "close");
  return text;
}

describe.skipIf(missing !== undefined)(`the docker command line against a guard${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  let box: GuardedSandbox;
  let directory: string;
  beforeAll(async () => {
    lab = await DockerLab.open();
    box = await lab.guard({ pods: "real" });
    directory = await mkdtemp("/tmp/sbx-client-");
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  afterEach(async ({ expect }) => {
    const { stdout } = await box.docker(["ps", "-aq"]);
    for (const id of stdout.split("\n").filter((line) => line !== "")) await box.docker(["rm", "-fv", id]);
    expect(box.faults).toEqual([]);
  });

  test("run gives output, errors and the exit code, and --rm leaves nothing", async ({ expect }) => {
    expect(await box.docker(["run", "--rm", IMAGE, "sh", "-c", "echo out; echo err >&2; exit 7"])).toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
    expect((await box.docker(["ps", "-aq"])).stdout).toBe("");
    await expect.poll(() => box.pods.gates().length, { timeout: 10_000 }).toBe(0);
  });

  test("run -i passes input on and ends with it", async ({ expect }) => {
    const input = "x".repeat(300_000);
    expect(await box.docker(["run", "--rm", "-i", IMAGE, "cat"], input)).toMatchObject({ code: 0, stdout: input });
  });

  test("run says which program is not there, as 127", async ({ expect }) => {
    const run = await box.docker(["run", "--rm", IMAGE, "nosuch"]);
    expect(run.code).toBe(127);
    expect(run.stderr).toContain('exec: "nosuch": executable file not found in $PATH');
  });

  test("ps, inspect, top, stats, logs and rename know a container by its name", async ({ expect }) => {
    await box.docker(["run", "-d", "--name", "one", "--hostname", "inside", "--label", "a=b", "-e", "X=y", IMAGE, "sh", "-c", "echo hello; exec sleep 300"]);
    expect((await box.docker(["ps", "--format", "{{.Names}} {{.Image}}", "--filter", "label=a=b"])).stdout).toBe(`one ${IMAGE}\n`);
    expect((await box.docker(["inspect", "one", "--format", "{{.State.Status}} {{.Config.Hostname}} {{.HostConfig.NetworkMode}} {{json .Config.Labels}}"])).stdout).toBe(
      'running inside default {"a":"b"}\n',
    );
    expect((await box.docker(["exec", "one", "sh", "-c", "hostname; echo $X"])).stdout).toBe("inside\ny\n");
    expect((await box.docker(["top", "one"])).stdout).toContain("sleep 300");
    expect((await box.docker(["stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", "one"])).stdout).toBe("one 1\n");
    expect((await box.docker(["logs", "one"])).stdout).toBe("hello\n");
    expect((await box.docker(["rename", "one", "two"])).code).toBe(0);
    expect((await box.docker(["logs", "--tail", "1", "two"])).stdout).toBe("hello\n");
    expect((await box.docker(["logs", "one"])).stderr).toContain("No such container: one");
  });

  test("exec gives output and exit code, also detached and as another user", async ({ expect }) => {
    await box.docker(["run", "-d", "--name", "box", IMAGE, "sleep", "300"]);
    expect(await box.docker(["exec", "-i", "-u", "1000:1000", "-w", "/tmp", "box", "sh", "-c", "id -u; pwd; cat; exit 3"], "in")).toMatchObject({ code: 3, stdout: "1000\n/tmp\nin" });
    expect((await box.docker(["exec", "-d", "box", "touch", "/tmp/there"])).code).toBe(0);
    await expect.poll(async () => (await box.docker(["exec", "box", "ls", "/tmp"])).stdout).toContain("there");
    expect((await box.docker(["exec", "--privileged", "box", "true"])).stderr).toContain("no process of a sandbox has privilege");
  });

  test("stop, start, restart, kill, wait and pause do what they say", async ({ expect }) => {
    await box.docker(["run", "-d", "--name", "box", IMAGE, "sleep", "300"]);
    const state = async () => (await box.docker(["inspect", "box", "--format", "{{.State.Status}}"])).stdout.trim();
    await box.docker(["stop", "-t", "0", "box"]);
    expect(await state()).toBe("exited");
    expect((await box.docker(["start", "box"])).code).toBe(0);
    expect((await box.docker(["restart", "-t", "0", "box"])).code).toBe(0);
    await box.docker(["pause", "box"]);
    expect(await state()).toBe("paused");
    await box.docker(["unpause", "box"]);
    const waiting = box.docker(["wait", "box"]);
    await box.docker(["kill", "-s", "KILL", "box"]);
    expect((await waiting).stdout).toBe("137\n");
  });

  test("cp takes files in and out", async ({ expect }) => {
    await box.docker(["run", "-d", "--name", "box", IMAGE, "sleep", "300"]);
    await writeFile(`${directory}/in`, "content\n");
    expect((await box.docker(["cp", `${directory}/in`, "box:/tmp/file"])).stderr).not.toContain("Error");
    expect((await box.docker(["exec", "box", "cat", "/tmp/file"])).stdout).toBe("content\n");
    await box.docker(["cp", "box:/tmp/file", `${directory}/out`]);
    expect(await readFile(`${directory}/out`, "utf8")).toBe("content\n");
  });

  test("volumes keep what is written, and the workspace is what the agent sees", async ({ expect }) => {
    expect((await box.docker(["volume", "create", "--label", "a=b", "vol"])).stdout).toBe("vol\n");
    await box.docker(["run", "--rm", "-v", "vol:/d", IMAGE, "sh", "-c", "echo kept > /d/f"]);
    expect((await box.docker(["run", "--rm", "-v", "vol:/d:ro", IMAGE, "sh", "-c", "cat /d/f; touch /d/g"])).stdout).toBe("kept\n");
    expect((await box.docker(["volume", "ls", "-q", "--filter", "label=a=b"])).stdout).toBe("vol\n");
    expect((await box.docker(["volume", "rm", "vol"])).code).toBe(0);
    await box.writeWorkspace("hello", "from the agent\n");
    expect((await box.docker(["run", "--rm", "-v", `${box.workspace}:/w`, IMAGE, "cat", "/w/hello"])).stdout).toBe("from the agent\n");
  });

  test("networks are made, listed, inspected and removed", async ({ expect }) => {
    await box.docker(["network", "create", "n"]);
    await box.docker(["run", "-d", "--name", "box", "--network", "n", "--network-alias", "db", IMAGE, "sleep", "300"]);
    expect((await box.docker(["network", "ls", "--format", "{{.Name}} {{.Driver}}"])).stdout).toBe("bridge bridge\nn bridge\n");
    expect((await box.docker(["network", "inspect", "n", "--format", "{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}"])).stdout).toBe("box 100.127.1.2/24\n");
    expect((await box.docker(["network", "rm", "n"])).stderr).toContain("active endpoints");
    await box.docker(["rm", "-f", "box"]);
    expect((await box.docker(["network", "rm", "n"])).code).toBe(0);
  });

  test("a published port leads to the program in the container", async ({ expect }) => {
    const program = "import socket\ns = socket.create_server(('0.0.0.0', 8000))\nwhile True:\n  c, _ = s.accept()\n  c.sendall(b'served')\n  c.close()";
    await box.docker(["run", "-d", "--name", "web", "-p", "8000", IMAGE, "python3", "-c", program]);
    const port = /127\.0\.0\.1:(\d+)/.exec((await box.docker(["port", "web", "8000"])).stdout)?.[1] ?? "0";
    await expect.poll(() => whatSays(Number(port)), { timeout: 10_000 }).toBe("served");
    // Who pauses a container has not closed its ports.
    await box.docker(["pause", "web"]);
    expect((await box.docker(["ps", "--format", "{{.Ports}}"])).stdout).toBe(`127.0.0.1:${port}->8000/tcp\n`);
    expect((await box.docker(["ps", "--no-trunc", "--format", "{{.Command}}"])).stdout).toContain("python3 -c");
    await box.docker(["unpause", "web"]);
  });

  test("images, info, version and df show the sandbox's own", async ({ expect }) => {
    expect((await box.docker(["images", "--format", "{{.Repository}}:{{.Tag}}"])).stdout).toBe(`${IMAGE}\n`);
    expect((await box.docker(["image", "inspect", IMAGE, "--format", "{{.Os}}"])).stdout).toBe("linux\n");
    expect((await box.docker(["history", "-q", IMAGE])).code).toBe(0);
    expect((await box.docker(["info", "--format", "{{.Name}}"])).stdout).toBe(`${box.sandbox}\n`);
    expect((await box.docker(["version", "--format", "{{.Server.Os}}"])).stdout).toBe("linux\n");
    expect((await box.docker(["system", "df"])).code).toBe(0);
  });

  test("what a sandbox made is there again after the guard was restarted", async ({ expect }) => {
    await box.docker(["volume", "create", "vol"]);
    await box.docker(["network", "create", "n"]);
    await box.docker(["run", "-d", "--name", "box", "--network", "n", "-v", "vol:/d", "--label", "a=b", IMAGE, "sleep", "300"]);
    const seen = async () => (await box.docker(["inspect", "box", "--format", "{{json .Mounts}} {{json .Config.Labels}} {{json .NetworkSettings.Networks}} {{.State.Status}}"])).stdout;
    const before = await seen();
    box = await box.restart();
    expect(await seen()).toBe(before);
    expect((await box.docker(["volume", "ls", "-q"])).stdout).toBe("vol\n");
    expect((await box.docker(["exec", "box", "true"])).code).toBe(0);
    await box.docker(["rm", "-f", "box"]);
    await box.docker(["volume", "rm", "vol"]);
    await box.docker(["network", "rm", "n"]);
    expect(box.pods.gates()).toEqual([]);
  });
});
