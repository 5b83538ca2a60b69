import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack, type Header } from "tar-stream";
import { afterAll, beforeAll, describe, test } from "vitest";
import { whyNoEngine } from "@sbx/testing";
import { containerFaults } from "./fuzz/isolation-rules.ts";
import { DockerLab, IMAGE, type GuardedSandbox } from "./lab.ts";

const missing = whyNoEngine("docker");

async function tarOf(entries: readonly (readonly [(Partial<Header> & Pick<Header, "name">) | string, string | Buffer])[]): Promise<Buffer> {
  const tar = pack();
  for (const [header, content] of entries) tar.entry(typeof header === "string" ? { name: header } : header, content);
  tar.finalize();
  return buffer(tar);
}

describe.skipIf(missing !== undefined)(`builds in a sandbox${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  let box: GuardedSandbox;
  let directory: string;
  beforeAll(async () => {
    lab = await DockerLab.open();
    box = await lab.guard();
    directory = await mkdtemp("/tmp/sbx-build-");
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  /** Write a context and build it by the command line. */
  const build = async (files: Readonly<Record<string, string | Buffer>>, args: readonly string[] = []) => {
    const place = await mkdtemp(`${directory}/c-`);
    for (const [name, content] of Object.entries(files)) {
      await mkdir(`${place}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await writeFile(`${place}/${name}`, content);
    }
    return box.docker(["build", ...args, place]);
  };
  const send = async (path: string, bytes: Buffer) => {
    const head = `POST /v1.41/${path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\nContent-Length: ${bytes.length}\r\nConnection: close\r\n\r\n`;
    return box.raw(Buffer.concat([Buffer.from(head), bytes]));
  };
  const inspect = async (name: string, what: string) => (await box.docker(["image", "inspect", name, "--format", what])).stdout.trim();

  test("a Dockerfile with every instruction becomes the image that it says", async ({ expect }) => {
    const dockerfile = [
      "# syntax=docker/dockerfile:1",
      `ARG BASE=${IMAGE}`,
      "FROM ${BASE} AS first",
      "ARG WHO=nobody",
      "WORKDIR /made/by",
      "RUN echo $WHO > who && id -u > uid",
      'RUN ["/bin/sh", "-c", "echo exec > exec"]',
      "RUN <<EOF",
      "echo here > here",
      "EOF",
      "COPY <<'EOF' /made/quoted",
      "$WHO",
      "EOF",
      "FROM ${BASE}",
      "LABEL a=b c='d e'",
      'ENV PATH_OF=/made VALUE="x y"',
      "WORKDIR ${PATH_OF}",
      "COPY --from=first /made/by ./by",
      "COPY --from=0 --chown=1000:1000 --chmod=640 /made/quoted quoted",
      "COPY --chown=daemon:daemon dir/ files/*.txt into/",
      "ADD packed.tar.gz unpacked/",
      "USER 1000:1000",
      "EXPOSE 80 53/udp",
      "VOLUME /data",
      "STOPSIGNAL SIGINT",
      "HEALTHCHECK --interval=5s --retries=2 CMD true",
      'SHELL ["/bin/bash", "-c"]',
      'ENTRYPOINT ["/bin/sh", "-c"]',
      'CMD ["cat by/who by/exec by/here quoted into/one into/two.txt unpacked/in/it; stat -c %U:%a into/one quoted; id -u; pwd"]',
      "",
    ].join("\n");
    const packed = gzipSync(await tarOf([["in/it", "unpacked\n"]]));
    const made = await build({ Dockerfile: dockerfile, "dir/one": "one\n", "files/two.txt": "two\n", "files/three.md": "no\n", "packed.tar.gz": packed }, [
      "-t",
      "built:1",
      "-t",
      "built:2",
      "--build-arg",
      "WHO=me",
      "--label",
      "l=v",
    ]);
    expect(made.stderr.replaceAll(/DEPRECATED[\s\S]*?\n\n/g, "")).toBe("");
    expect(made.stdout).toContain("Successfully tagged built:2");
    expect((await box.docker(["run", "--rm", "built:1"])).stdout).toBe(
      "me\nexec\nhere\n$WHO\none\ntwo\nunpacked\ndaemon:644\nagent:640\n1000\n/made\n".replace(
        "agent",
        (await box.docker(["run", "--rm", IMAGE, "sh", "-c", "stat -c %U /proc/self >/dev/null; getent passwd 1000 | cut -d: -f1"])).stdout.trim() || "UNKNOWN",
      ),
    );
    const config = JSON.parse(await inspect("built:2", "{{json .Config}}")) as Readonly<Record<string, unknown>>;
    expect(config).toMatchObject({
      Labels: { a: "b", c: "d e", l: "v" },
      ExposedPorts: { "80/tcp": {}, "53/udp": {} },
      Volumes: { "/data": {} },
      StopSignal: "SIGINT",
      User: "1000:1000",
      WorkingDir: "/made",
      Shell: ["/bin/bash", "-c"],
    });
    expect(JSON.stringify(config)).toContain('"Interval":5000000000');
    expect(JSON.stringify(config)).not.toContain("WHO");
    expect(JSON.stringify(config)).not.toContain("dev.sbx");
    expect((await box.docker(["history", "built:1"])).stdout).toContain("COPY --chown=daemon:daemon");
    expect(box.faults).toEqual([]);
  });

  test("what was built before is not built again, and what changed is", async ({ expect }) => {
    const dockerfile = `FROM ${IMAGE}\nRUN echo first\nCOPY f /f\nRUN echo after\n`;
    const first = await build({ Dockerfile: dockerfile, f: "1" }, ["-t", "cached"]);
    expect(first.stdout).not.toContain("Using cache");
    const again = await build({ Dockerfile: dockerfile, f: "1" });
    expect(again.stdout.match(/Using cache/g)).toHaveLength(3);
    const changed = await build({ Dockerfile: dockerfile, f: "2" });
    expect(changed.stdout.match(/Using cache/g)).toHaveLength(1);
    const uncached = await build({ Dockerfile: dockerfile, f: "2" }, ["--no-cache"]);
    expect(uncached.stdout).not.toContain("Using cache");
    expect(uncached.stdout).toContain("Successfully built");
    expect(box.faults).toEqual([]);
    expect((await build({ Dockerfile: dockerfile, f: "2" }, ["-q"])).stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  });

  test("from nothing, with .dockerignore and a target, and nothing in the context leads out of it", async ({ expect }) => {
    const dockerfile = "FROM scratch AS one\nCOPY . /all/\nFROM scratch AS two\nCOPY no /\n";
    const made = await build({ Dockerfile: dockerfile, ".dockerignore": "# no\n*.log\nsecret\n!keep.log\n", "a.log": "x", "keep.log": "x", "secret/key": "x", "sub/f": "x" }, [
      "--target",
      "one",
      "-t",
      "tiny",
    ]);
    expect(made.stdout).toContain("Successfully tagged tiny:latest");
    const listed = await build({ Dockerfile: `FROM ${IMAGE}\nCOPY --from=tiny /all /all\nRUN find /all -type f | sort\n` });
    expect(listed.stdout).toMatch(/\/all\/\.dockerignore\n\/all\/Dockerfile\n\/all\/keep\.log\n\/all\/sub\/f\n/);
    expect(listed.stdout).not.toContain("secret");
  });

  test("a link of the context is copied as a link, and shows nothing of the host", async ({ expect }) => {
    const place = await mkdtemp(`${directory}/l-`);
    await symlink("/etc/hostname", `${place}/link`);
    await writeFile(`${place}/Dockerfile`, `FROM ${IMAGE}\nCOPY link /copied\nRUN readlink /copied\n`);
    expect((await box.docker(["build", place])).stdout).toContain("/etc/hostname\n");
  });

  test("a step that fails ends the build with its exit code, and leaves no container and no name", async ({ expect }) => {
    const failed = await build({ Dockerfile: `FROM ${IMAGE}\nRUN echo before; exit 7\n` }, ["-t", "broken"]);
    expect(failed.stdout).toContain("before\n");
    expect(failed.stderr).toContain("returned a non-zero code: 7");
    expect(failed.code).toBe(7 === failed.code ? 7 : 1);
    expect((await box.ask("GET", "/v1.41/images/broken/json")).status).toBe(404);
    await expect.poll(async () => (await lab.engine.list([`dev.sbx.sandbox=${box.sandbox}`])).length).toBe(0);
    expect(box.pods.gates()).toEqual([]);
  });

  test("a step is a container with the ordinary restrictions", async ({ expect }) => {
    const building = build({ Dockerfile: `FROM ${IMAGE}\nRUN grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status; mount -t tmpfs x /mnt || echo no mount; touch /waiting; sleep 4\n` });
    const step = async () => (await lab.engine.list([`dev.sbx.sandbox=${box.sandbox}`, "dev.sbx.role=child-build"])).find(({ state }) => state === "running");
    await expect.poll(step, { timeout: 30_000 }).toBeDefined();
    const { body } = await lab.raw.call({ method: "GET", path: ["containers", (await step())?.id ?? "", "json"] });
    const { facts } = lab.raw;
    const rules = containerFaults(body, {
      gates: box.pods.gates(),
      workspace: box.workspace,
      sandbox: box.sandbox,
      memoryBytes: Math.min(facts.memoryBytes, 4 * 2 ** 30),
      nanoCpus: Math.min(facts.cpus, 4) * 1e9,
    });
    expect(rules).toEqual([]);
    // No client sees it, stops it or enters it.
    expect((await box.ask("GET", "/v1.41/containers/json?all=1")).json).toEqual([]);
    const { stdout } = await building;
    expect(stdout).toMatch(/CapEff:\s00000000000000cb\n/);
    expect(stdout).toMatch(/NoNewPrivs:\s1\n/);
    expect(stdout).toMatch(/Seccomp:\s2\n/);
    expect(stdout).toContain("no mount");
  });

  test("a client that goes takes its build along", async ({ expect }) => {
    const { connect } = await import("node:net");
    const tar = await tarOf([["Dockerfile", `FROM ${IMAGE}\nRUN sleep 600\n`]]);
    const socket = connect(box.socket).on("error", () => undefined);
    socket.write(`POST /v1.41/build HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\nContent-Length: ${tar.length}\r\n\r\n`);
    socket.write(tar);
    const running = async () => (await lab.engine.list([`dev.sbx.sandbox=${box.sandbox}`])).length;
    await expect.poll(running, { timeout: 30_000 }).toBe(1);
    socket.destroy();
    await expect.poll(running, { timeout: 30_000 }).toBe(0);
    await expect.poll(async () => (await lab.engine.list([])).length, { timeout: 30_000 }).toBe(0);
    expect(box.faults).toEqual([]);
  });

  const REFUSED: readonly (readonly [string, string])[] = [
    ["that fetches by ADD", `FROM ${IMAGE}\nADD http://127.0.0.1:1/x /x\n`],
    ["that fetches a repository by ADD", `FROM ${IMAGE}\nADD git@github.com:a/b.git /x\n`],
    ["from an image of the host's", "FROM sbx/base\n"],
    ["from another sandbox's id", `FROM ${"a".repeat(64)}\n`],
    ["that copies from an image of the host's", `FROM ${IMAGE}\nCOPY --from=sbx/gate / /x\n`],
    ["with ONBUILD", `FROM ${IMAGE}\nONBUILD RUN true\n`],
    ["with a mount of the host", `FROM ${IMAGE}\nRUN --mount=type=bind,source=/,target=/host true\n`],
    ["with a step without restrictions", `FROM ${IMAGE}\nRUN --security=insecure true\n`],
    ["with a step in the host's network", `FROM ${IMAGE}\nRUN --network=host true\n`],
    ["with sbx's labels", `FROM ${IMAGE}\nLABEL dev.sbx.sandbox=sbx_other000\n`],
    ["that copies from above its context", `FROM ${IMAGE}\nCOPY ../../etc/passwd /x\n`],
    ["with an instruction that is not known", `FROM ${IMAGE}\nMOUNT / /x\n`],
    ["with another escape character", `# escape=\`\nFROM ${IMAGE}\n`],
    ["for another system", `FROM --platform=windows/amd64 ${IMAGE}\n`],
    ["without FROM", "RUN true\n"],
    ["with a user that is a path", `FROM ${IMAGE}\nUSER ../x\n`],
    ["with a here-document that does not end", `FROM ${IMAGE}\nRUN <<EOF\ntrue\n`],
    ["that is empty", ""],
  ];
  test.for(REFUSED)("a Dockerfile %s is refused, and nothing happens", async ([, dockerfile], { expect }) => {
    const before = await lab.state();
    const answer = await send("build?t=evil", await tarOf([["Dockerfile", dockerfile]]));
    expect(answer).toMatch(/"errorDetail"/);
    expect(answer).not.toContain("Successfully built");
    expect(await lab.state()).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test.for([
    ["by BuildKit", "build?version=2"],
    ["in a session", "build?session=x"],
    ["of a remote context", "build?remote=http://127.0.0.1:1/x"],
    ["in the host's network", "build?networkmode=host"],
    ["in a gate's network", "build?networkmode=container:x"],
    ["in a control group of the host's", "build?cgroupparent=/x"],
    ["without seccomp", "build?securityopt=%5B%22seccomp%3Dunconfined%22%5D"],
    ["with further hosts", "build?extrahosts=%5B%22a%3A1.2.3.4%22%5D"],
    ["with more memory", "build?memory=999999999999"],
    ["with sbx's labels", "build?labels=%7B%22dev.sbx.sandbox%22%3A%22x%22%7D"],
    ["with an argument twice", "build?buildargs=%7B%22A%22%3A%22x%22%2C%22A%22%3A%22y%22%7D"],
    ["whose Dockerfile is above", "build?dockerfile=..%2FDockerfile"],
    ["under a name that is none", "build?t=..%2Fx"],
    ["with a parameter that is not known", "build?privileged=1"],
    ["with a parameter twice", "build?target=a&target=b"],
    ["to a directory of the host", "build?outputs=%5B%7B%22Type%22%3A%22local%22%7D%5D"],
  ])("a build %s is refused, and nothing happens", async ([, path = ""], { expect }) => {
    const before = await lab.state();
    expect(await send(path, await tarOf([["Dockerfile", `FROM ${IMAGE}\nRUN true\n`]]))).toMatch(/^HTTP\/1\.1 400 /);
    expect(await lab.state()).toBe(before);
  });

  test("what a guard that ended left of a build is gone when it is back", async ({ expect }) => {
    const seal = box;
    const tar = await tarOf([["Dockerfile", `FROM ${IMAGE}\nRUN sleep 600\n`]]);
    void send("build", tar);
    const left = async () => (await lab.engine.list([`dev.sbx.sandbox=${seal.sandbox}`, "dev.sbx.role=child-build"])).map(({ id }) => id);
    await expect.poll(left, { timeout: 30_000 }).toHaveLength(1);
    box = await box.restart();
    await expect.poll(left, { timeout: 30_000 }).toEqual([]);
    expect((await box.docker(["images", "-q", "built"])).stdout).not.toBe("");
    await box.docker(["image", "prune", "-af"]);
    await box.docker(["builder", "prune", "-f"]);
    const { body } = await lab.raw.call({ method: "GET", path: ["images", "json"], query: { all: "1" } });
    expect(JSON.stringify(body)).not.toContain(`sbx-sandbox-image/${box.sandbox.slice(4)}`);
  });
});
