import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, it } from "vitest";
import { openLab, startPod, type Lab } from "./pod-lab.ts";

const signal = () => AbortSignal.timeout(20_000);
/** A server whose queue is full and that never accepts. */
const NEVER_ACCEPT = `
s = socket.socket(); s.bind(("127.0.0.1", 7000)); s.listen(0)
keep = []
for _ in range(4):
    c = socket.socket(); c.setblocking(False); c.connect_ex(("127.0.0.1", 7000)); keep.append(c)
open("/tmp/stuck", "w"); time.sleep(300)`;
const ECHO = `
s = socket.socket(); s.bind(("127.0.0.1", 7001)); s.listen()
open("/tmp/echo", "w")
while True:
    c, _ = s.accept(); c.sendall(b"inner"); c.close()`;
const waitFor = (path: string) => `
while not os.path.exists("${path}"): time.sleep(0.02)`;

describe("gate and daemon", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab();
  });

  it("a workload that never accepts holds up neither other dials nor the next hand-over", async ({ expect }) => {
    await using pod = await startPod(lab);
    await pod.background(NEVER_ACCEPT);
    await pod.background(ECHO);
    await pod.python(waitFor("/tmp/stuck") + waitFor("/tmp/echo"));
    const stuck = Array.from({ length: 60 }, () =>
      pod.pod.dial(7000, signal()).then(
        () => "connected",
        (error: Error) => error.message,
      ),
    );
    const from = performance.now();
    const socket = await pod.pod.dial(7001, signal());
    const [data] = await once(socket, "data");
    socket.destroy();
    expect(String(data)).toBe("inner");
    expect(performance.now() - from).toBeLessThan(4000);
    await pod.restartDaemon();
    await pod.pod.ready(AbortSignal.timeout(20_000));
    expect(await Promise.all(stuck)).not.toContain("connected");
    expect(await pod.python(`say(tcp("1.2.3.4", 5))`)).toBe("served 1.2.3.4:5");
  });

  it("a dial that is never accepted ends after its time with a reason", async ({ expect }) => {
    await using pod = await startPod(lab);
    await pod.background(NEVER_ACCEPT);
    await pod.python(waitFor("/tmp/stuck"));
    const from = performance.now();
    await expect(pod.pod.dial(7000, signal())).rejects.toThrow(/ETIMEDOUT/);
    expect(performance.now() - from).toBeLessThan(30_000);
  });

  it("more dials than a gate keeps are refused and not queued", async ({ expect }) => {
    await using pod = await startPod(lab);
    await pod.background(NEVER_ACCEPT);
    await pod.python(waitFor("/tmp/stuck"));
    const replies = await Promise.all(
      Array.from({ length: 100 }, () =>
        pod.pod.dial(7000, signal()).then(
          () => "connected",
          (error: Error) => error.message,
        ),
      ),
    );
    expect(replies.filter((reply) => reply.includes("unanswered already"))).toHaveLength(36);
    expect(replies).not.toContain("connected");
  });

  it("kill -9 of the gate: traffic goes on, said to be degraded", async ({ expect }) => {
    await using pod = await startPod(lab);
    await lab.engine.stop(pod.gate, 0);
    await expect.poll(() => pod.pod.state()).toBe("degraded");
    expect(pod.happened("gate.degraded")).toBe(1);
    expect(await pod.python(`say([tcp("1.2.3.4", 5), tcp(resolve("a.allowed.test"), 443)])`)).toEqual(["served 1.2.3.4:5", "served a.allowed.test:443"]);
    await expect(pod.pod.dial(80, signal())).rejects.toMatchObject({ code: "POD_FAILED" });
  });

  it("gate and daemon dead: cut off, and nothing is open", { timeout: 60_000 }, async ({ expect }) => {
    await using pod = await startPod(lab);
    await lab.engine.stop(pod.gate, 0);
    await expect.poll(() => pod.pod.state()).toBe("degraded");
    await pod.restartDaemon();
    await expect(pod.pod.ready(signal())).rejects.toMatchObject({ code: "POD_FAILED" });
    expect(pod.pod.state()).toBe("cut-off");
    expect(pod.happened("gate.cut-off")).toBe(1);
    pod.served.length = 0;
    expect(await pod.python(`say([tcp(a, 80, timeout=1) for a in ("1.2.3.4", "172.17.0.1")])`)).not.toContain("served");
    expect(pod.served).toEqual([]);
  });

  it("a gate started again has a new namespace and is not taken", { timeout: 60_000 }, async ({ expect }) => {
    await using pod = await startPod(lab);
    await lab.engine.stop(pod.gate, 0);
    await expect.poll(() => pod.pod.state()).toBe("degraded");
    await lab.engine.start(pod.gate);
    await expect.poll(() => pod.events.filter(({ fields }) => fields["reason"] === "a gate of another namespace").length, { timeout: 5000 }).toBeGreaterThan(0);
    expect(pod.pod.state()).toBe("degraded");
    expect(await pod.python(`say(tcp("1.2.3.4", 5))`)).toBe("served 1.2.3.4:5");
    await pod.restartDaemon();
    await expect(pod.pod.ready(signal())).rejects.toMatchObject({ code: "POD_FAILED" });
    expect(pod.pod.state()).toBe("cut-off");
  });

  it("while the daemon is dead a connection waits and is served late; nothing is open", async ({ expect }) => {
    await using pod = await startPod(lab);
    await pod.python(`say(resolve("late.allowed.test"))`);
    const from = { served: 0, at: 0 };
    let late: Promise<unknown> | undefined;
    await pod.restartDaemon(async () => {
      pod.served.length = 0;
      late = pod.python(`say(tcp("1.2.3.4", 5, timeout=20))`);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      from.served = pod.served.length;
      from.at = performance.now();
    });
    await pod.pod.ready(AbortSignal.timeout(20_000));
    expect(from.served).toBe(0);
    expect(await late).toBe("served 1.2.3.4:5");
    expect(performance.now() - from.at).toBeLessThan(15_000);
  });

  it("a name keeps its address over restarts of the daemon, also when one copy of the table is lost", async ({ expect }) => {
    await using pod = await startPod(lab);
    const address = await pod.python(`say(resolve("kept.allowed.test"))`);
    await pod.restartDaemon(() => rm(join(pod.directory, "names.1")));
    await pod.pod.ready(signal());
    expect(await pod.python(`say([resolve("kept.allowed.test"), resolve("other.allowed.test")])`)).toEqual([address, expect.not.stringMatching(`^${String(address)}$`)]);
    expect(await pod.python(`say(tcp("${String(address)}", 443))`)).toBe("served kept.allowed.test:443");
  });

  it("with the whole table lost no old address leads to another name: the pod is cut off", async ({ expect }) => {
    await using pod = await startPod(lab);
    const address = String(await pod.python(`say(resolve("kept.allowed.test"))`));
    await pod.restartDaemon(async () => {
      await rm(join(pod.directory, "names.1"));
      await rm(join(pod.directory, "names.2"));
    });
    pod.served.length = 0;
    expect(pod.pod.state()).toBe("cut-off");
    expect(await pod.python(`say(tcp("${address}", 443, timeout=1))`)).not.toContain("served");
    expect(pod.served).toEqual([]);
  });

  it("a port that the daemon opened in the pod is that pod's own", async ({ expect }) => {
    await using pod = await startPod(lab);
    await using other = await startPod(lab);
    await using server = await pod.pod.listen(8811);
    server.on("connection", (socket) => socket.resume().end("from the daemon"));
    expect(await pod.python(`say(tcp("127.0.0.1", 8811))`)).toBe("from the daemon");
    expect(await other.python(`say(tcp("127.0.0.1", 8811))`)).toBe("ECONNREFUSED");
    await expect(pod.pod.listen(8811)).rejects.toThrow(/EADDRINUSE/);
  });

  it("the gate keeps no capability, no root, no way back", async ({ expect }) => {
    await using pod = await startPod(lab);
    const { stdout } = await lab.engine.run(pod.gate, { command: ["cat", "/proc/1/status"], env: {}, user: "0:0", workdir: "/" });
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) expect(stdout).toContain(`${set}:\t0000000000000000`);
    expect(stdout).toMatch(/^Uid:\t65431\t65431\t65431\t65431$/m);
    expect(stdout).toMatch(/^NoNewPrivs:\t1$/m);
  });
});
