import { randomBytes } from "node:crypto";
import type { ContainerSpec, Engine, EngineId } from "@sbx/core";
import { afterEach, beforeEach, describe, it } from "vitest";

/** An engine under test and an image of it that has `sleep`, `cat`, `echo`, `true` and `false`. */
export interface EngineUnderTest {
  readonly engine: Engine;
  readonly image: EngineId;
}

const RUN = { env: { PATH: "/usr/local/bin:/usr/bin:/bin" }, user: "1000:1000", workdir: "/" };

/** What every engine keeps towards those who own containers. A fake and a real engine run the same list. */
export function describeContainerEngine(name: string, make: () => Promise<EngineUnderTest>): void {
  describe(`${name} keeps the engine's contract`, () => {
    const mark = randomBytes(6).toString("hex");
    const label = { "dev.sbx.contract": mark };
    let engine: Engine;
    let image: EngineId;

    beforeEach(async () => {
      ({ engine, image } = await make());
    });
    afterEach(async () => {
      for (const { id } of await engine.list([`dev.sbx.contract=${mark}`])) await engine.remove(id);
      for (const { name: volume } of await engine.listVolumes([`dev.sbx.contract=${mark}`])) await engine.removeVolume(volume);
    });

    const spec = (changes: Partial<ContainerSpec> = {}): ContainerSpec => ({
      name: `sbx-contract-${randomBytes(4).toString("hex")}`,
      image,
      command: ["sleep", "600"],
      env: {},
      labels: label,
      user: "1000:1000",
      workdir: "/",
      mounts: [],
      network: { kind: "none", hostname: "contract", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
      capabilities: [],
      readonlyRoot: false,
      seccomp: "default",
      limits: { pids: 64 },
      ...changes,
    });

    const running = async (): Promise<EngineId> => {
      const id = await engine.create(spec());
      await engine.start(id);
      return id;
    };

    it("tells when a container ends, whoever ended it, and at once where none runs", async ({ expect }) => {
      const { signal } = new AbortController();
      const id = await running();
      const told: string[] = [];
      const waiting = engine.awaitStop(id, signal).then(() => told.push("stopped"));
      await engine.inspect(id);
      expect(told).toEqual([]);
      await engine.stop(id, 0);
      await waiting;
      await engine.awaitStop(id, signal);
      await engine.remove(id);
      await engine.awaitStop(id, signal);
    });

    it("gives up waiting for a container's end when told so", async ({ expect }) => {
      const id = await running();
      const enough = new AbortController();
      const waiting = engine.awaitStop(id, enough.signal);
      enough.abort(new Error("enough"));
      await expect(waiting).rejects.toThrow("enough");
      expect(await engine.inspect(id)).toMatchObject({ state: "running" });
    });

    it("carries a container from created over running to exited and away", async ({ expect }) => {
      const wanted = spec();
      const id = await engine.create(wanted);
      expect(await engine.inspect(id)).toMatchObject({ id, name: wanted.name, image, labels: label, state: "created" });
      await engine.start(id);
      expect(await engine.inspect(id)).toMatchObject({ state: "running", pid: expect.any(Number) as unknown });
      await engine.stop(id, 0);
      expect(await engine.inspect(id)).toMatchObject({ state: "exited", exitCode: expect.any(Number) as unknown });
      await engine.remove(id);
      expect(await engine.inspect(id)).toBeUndefined();
    });

    it("says what a container uses while it runs, and nothing when it does not", async ({ expect }) => {
      const id = await running();
      const used = await engine.usage(id);
      expect(used?.pids).toBeGreaterThan(0);
      expect(used?.memoryBytes).toBeGreaterThan(0);
      expect(used?.memoryLimitBytes).toBeGreaterThanOrEqual(used?.memoryBytes ?? 0);
      expect(used?.cpuNanoseconds).toBeGreaterThan(0);
      await engine.stop(id, 0);
      expect(await engine.usage(id)).toBeUndefined();
      await engine.remove(id);
      expect(await engine.usage(id)).toBeUndefined();
    });

    it("stops and removes what is not running or not there any more", async ({ expect }) => {
      const id = await engine.create(spec());
      await engine.stop(id, 0);
      await engine.remove(id);
      await engine.remove(id);
      await engine.stop(id, 0);
      expect(await engine.inspect(id)).toBeUndefined();
    });

    it("lists by every label asked for, running or not", async ({ expect }) => {
      const created = await engine.create(spec({ labels: { ...label, part: "a" } }));
      const started = await running();
      const ids = async (...labels: string[]) => (await engine.list([`dev.sbx.contract=${mark}`, ...labels])).map(({ id }) => id).toSorted();
      expect(await ids()).toEqual([created, started].toSorted());
      expect(await ids("part=a")).toEqual([created]);
      expect(await ids("part")).toEqual([created]);
      expect(await ids("part=b")).toEqual([]);
    });

    it("refuses a name in use, an image that is not there, and an aborted call", async ({ expect }) => {
      const wanted = spec();
      await engine.create(wanted);
      await expect(engine.create(wanted)).rejects.toMatchObject({ code: "ENGINE_FAILED" });
      await expect(engine.create(spec({ image: `sha256:${"0".repeat(63)}f` }))).rejects.toMatchObject({ code: "ENGINE_FAILED" });
      await expect(engine.create(spec(), AbortSignal.abort(new Error("not now")))).rejects.toThrow("not now");
      expect(await engine.list([`dev.sbx.contract=${mark}`])).toHaveLength(1);
    });

    it("runs a program and gives its output and exit code", async ({ expect }) => {
      const id = await running();
      expect(await engine.run(id, { ...RUN, command: ["echo", "a", "b"] })).toEqual({ exitCode: 0, stdout: "a b\n", stderr: "" });
      expect((await engine.run(id, { ...RUN, command: ["false"] })).exitCode).toBe(1);
    });

    it("gives a program end of file, at once or when its input is closed", async ({ expect }) => {
      const id = await running();
      expect(await engine.run(id, { ...RUN, command: ["cat"] })).toEqual({ exitCode: 0, stdout: "", stderr: "" });
      const process = await engine.exec(id, { ...RUN, command: ["cat"], tty: false, stdin: true });
      process.stderr.resume();
      process.stdin.write("typed, ");
      process.stdin.end("closed");
      let text = "";
      for await (const chunk of process.stdout) text += String(chunk);
      expect(text).toBe("typed, closed");
      expect(await process.exit).toBe(0);
    });

    it("makes an image of a container's files, with its own labels and user, that goes by its name", async ({ expect }) => {
      const id = await running();
      await engine.stop(id, 0);
      const reference = `sbx-contract/${mark}:one`;
      const made = await engine.commit(id, { reference, labels: { "dev.sbx.contract": "", "dev.sbx.quoted": 'a "b" $c' }, user: "1000:1000" });
      expect(await engine.findImage(reference)).toBe(made);
      const listed = (await engine.listImages("dev.sbx.contract")).find(({ id: one }) => one === made);
      expect([listed?.references, listed?.labels["dev.sbx.contract"]]).toEqual([[reference], ""]);
      const again = await engine.create(spec({ image: made }));
      expect((await engine.inspect(again))?.image).toBe(made);
      await engine.remove(again);
      await engine.removeImage(reference);
      expect(await engine.findImage(reference)).toBeUndefined();
    });

    it("runs nothing in a container that does not run", async ({ expect }) => {
      const id = await engine.create(spec());
      await expect(engine.run(id, { ...RUN, command: ["true"] })).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    });

    it("makes volumes once, and none that is somebody else's", async ({ expect }) => {
      const volume = `sbx-contract-${randomBytes(4).toString("hex")}`;
      await engine.createVolume(volume, label);
      await engine.createVolume(volume, label);
      expect(await engine.listVolumes([`dev.sbx.contract=${mark}`])).toEqual([{ name: volume, labels: label }]);
      await expect(engine.createVolume(volume, { "dev.sbx.contract": "other" })).rejects.toMatchObject({ code: "ENGINE_FAILED" });
      await engine.removeVolume(volume);
      await engine.removeVolume(volume);
      expect(await engine.listVolumes([`dev.sbx.contract=${mark}`])).toEqual([]);
    });

    it("knows which images are there", async ({ expect }) => {
      expect(await engine.findImage(image)).toBe(image);
      expect(await engine.findImage("sbx-contract-none:x")).toBeUndefined();
      await engine.removeImage("sbx-contract-none:x");
    });
  });
}
