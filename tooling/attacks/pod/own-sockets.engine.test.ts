import { afterAll, beforeAll, describe, it } from "vitest";
import { openLab, startPod, type TestPod } from "./pod-lab.ts";

/** Tries to bind with every set of options of reuse, as TCP and UDP; lists what succeeded. */
const BIND_EVERYTHING = `
won = []
places = [(socket.SOCK_STREAM, a, 15001) for a in ("127.0.0.1", "0.0.0.0")] + [(k, a, 53) for k in (socket.SOCK_STREAM, socket.SOCK_DGRAM) for a in ("127.0.0.53", "0.0.0.0")]
for kind, address, port in places:
    for options in ((), (2,), (15,), (2, 15), (2, 15, 61)):
        with socket.socket(socket.AF_INET, kind) as s:
            for o in options: attempt(lambda: s.setsockopt(1, o, 1))
            def call():
                s.bind((address, port))
                if kind == socket.SOCK_STREAM: s.listen()
                return "won"
            if attempt(call) == "won": won.append([kind, address, port, options])
say(won)`;

describe("the pod's own sockets", () => {
  const scope = new AsyncDisposableStack();
  let pod: TestPod;

  beforeAll(async () => {
    pod = scope.use(await startPod(await openLab()));
  });
  afterAll(() => scope.disposeAsync());

  it.for(["1000:1000", "0:0"])("cannot be bound a second time with any option, as %s", async (user, { expect }) => {
    expect(await pod.python(BIND_EVERYTHING, { user })).toEqual([]);
  });

  it("cannot be bound at the moment when the daemon comes back", async ({ expect }) => {
    await pod.background(`
end = time.time() + 4
while time.time() < end:
    for k, p in ((socket.SOCK_DGRAM, ("127.0.0.53", 53)), (socket.SOCK_STREAM, ("127.0.0.53", 53)), (socket.SOCK_STREAM, ("127.0.0.1", 15001))):
        with socket.socket(socket.AF_INET, k) as s:
            s.setsockopt(1, 2, 1); s.setsockopt(1, 15, 1)
            try: s.bind(p); open("/tmp/won", "a").write("won\\n")
            except OSError: pass`);
    for (let i = 0; i < 3; i += 1) {
      await pod.restartDaemon();
      await pod.pod.ready(AbortSignal.timeout(5000));
    }
    expect(await pod.python(`say(answer(question("x.allowed.test"))["answers"])`)).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await pod.python(`say(os.path.exists("/tmp/won"))`)).toBe(false);
    expect(await pod.python(BIND_EVERYTHING)).toEqual([]);
  });

  it("dialled directly, the listener for everything serves nobody", async ({ expect }) => {
    pod.served.length = 0;
    const replies = await pod.python(`say([tcp(a, 15001, timeout=2) for a in ("127.0.0.1", "0.0.0.0", "127.0.0.2", "localhost")])`);
    expect(replies).toEqual(Array(4).fill(expect.stringMatching(/^$|^E/)));
    expect(pod.served).toEqual([]);
  });

  it("a listener on somebody else's address gets no connection", async ({ expect }) => {
    expect(
      await pod.python(`
s = socket.socket(); s.setsockopt(0, 15, 1); s.bind(("93.184.216.34", 443)); s.listen(); s.settimeout(1)
a = resolve("bank.allowed.test"); t = socket.socket(); t.bind((a, 443)); t.listen(); t.settimeout(1)
replies = [tcp("93.184.216.34", 443), tcp(a, 443)]
say(replies + [attempt(lambda: s.accept() and "stolen"), attempt(lambda: t.accept() and "stolen")])`),
    ).toEqual(["served 93.184.216.34:443", "served bank.allowed.test:443", "timeout", "timeout"]);
  });

  it("a workload cannot make itself transparent or mark its packets", async ({ expect }) => {
    for (const user of ["1000:1000", "0:0"]) {
      expect(
        await pod.python(`s = socket.socket(); say([attempt(lambda: s.setsockopt(0, 19, 1)), attempt(lambda: s.setsockopt(1, 36, 1)), attempt(lambda: s.setsockopt(1, 33, 1))])`, { user }),
      ).toEqual(["EPERM", "EPERM", "EPERM"]);
    }
  });

  it("the gate's socket, process and files are not visible", async ({ expect }) => {
    expect(
      await pod.python(
        `
found = [os.path.join(d, f) for top in ("/run", "/tmp", "/var", "/home", "/mnt") for d, _, fs in os.walk(top) for f in fs if "gate" in f]
names = [open("/proc/%s/comm" % p).read().strip() for p in os.listdir("/proc") if p.isdigit()]
unix = open("/proc/net/unix").read()
def call(): s = socket.socket(socket.AF_UNIX); s.connect("/run/gate/gate.sock")
say([found, "gate" in names, "sbx-attack" in unix, attempt(call)])`,
        { user: "0:0" },
      ),
    ).toEqual([[], false, false, "ENOENT"]);
  });

  it("killing everything that can be seen does not touch the gate", async ({ expect }) => {
    await pod.background(`time.sleep(60)`);
    await pod.python(`
me = os.getpid()
for p in os.listdir("/proc"):
    if p.isdigit() and int(p) not in (1, me, os.getppid()): attempt(lambda: os.kill(int(p), 9))`);
    expect(pod.pod.state()).toBe("ready");
    expect(await pod.python(`say(tcp("1.2.3.4", 5))`)).toBe("served 1.2.3.4:5");
  });
});
