import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createPodHost, type OpenPod } from "@sbx/egress-proxy";
import { afterAll, beforeAll, beforeEach, describe, it } from "vitest";
import { openLab, startPod, type Lab, type TestPod } from "./pod-lab.ts";

describe("names", () => {
  const scope = new AsyncDisposableStack();
  let pod: TestPod;

  beforeAll(async () => {
    pod = scope.use(await startPod(await openLab()));
  });
  beforeEach(() => void (pod.served.length = 0));
  afterAll(() => scope.disposeAsync());

  it("a name that no rule can allow is refused at once on every port but 80, where only a refusal may be said", async ({ expect }) => {
    expect(await pod.python(`a = resolve("evil.test"); t = time.time(); r = [tcp(a, p) for p in (443, 22, 8080, 15001, 53)]; say([r, time.time() - t < 1 and "at once", tcp(a, 80)])`)).toEqual([
      Array(5).fill("ECONNREFUSED"),
      "at once",
      "served evil.test:80",
    ]);
    expect(pod.served).toEqual([{ to: { kind: "name", name: "evil.test" }, port: 80, refuseOnly: true }]);
  });

  it("such a name's address is not to be kept, and is on no disk", async ({ expect }) => {
    expect(await pod.python(`say(answer(question("secret-data.evil.test")))`)).toMatchObject({ code: 0, answers: 1, address: expect.stringMatching(/^198\.19\./), ttl: 0 });
    expect(await readFile(join(pod.directory, "names.1"), "utf8")).not.toContain("evil");
  });

  it("addresses that stand for no name lead nowhere, guessed or not", async ({ expect }) => {
    expect(await pod.python(`say([tcp(a, 80, timeout=2) for a in ("198.18.0.0", "198.18.255.255", "198.19.0.0", "198.19.200.1", "198.19.255.255")])`)).toEqual(Array(5).fill("ECONNRESET"));
    expect(pod.served).toEqual([]);
  });

  it("every other type of record is empty: TXT, NULL, MX, AAAA, CNAME, NS, PTR, SRV, HTTPS, ANY", async ({ expect }) => {
    const replies = await pod.python(`say([answer(question("x.allowed.test", t)) for t in (16, 10, 15, 28, 5, 2, 12, 33, 65, 255)])`);
    expect(replies).toEqual(Array.from({ length: 10 }, () => ({ code: 0, answers: 0, address: null, ttl: null })));
  });

  it("the sandbox's own names are its own", async ({ expect }) => {
    expect(await pod.python(`say([resolve(n) for n in ("box", "BOX", "localhost", "db.localhost", "a.b.LocalHost")])`)).toEqual(Array(5).fill("127.0.0.1"));
  });

  it("names that programs read as addresses get none", async ({ expect }) => {
    expect(
      await pod.python(
        `say([answer(question(n))["answers"] for n in ("127.0.0.1", "10.0.0.1", "127.1", "0x7f000001", "2130706433", "x.0x7f", "a b.allowed.test", "a/../b.allowed.test", "\\xff.allowed.test", "")])`,
      ),
    ).toEqual(Array(10).fill(0));
  });

  it("upper and lower case are one name with one address", async ({ expect }) => {
    const [one, two] = [await pod.python(`say(resolve("case.allowed.test"))`), await pod.python(`say(resolve("CaSe.AlLoWeD.tEsT"))`)];
    expect(one).toBe(two);
    expect(one).toMatch(/^198\.18\./);
  });

  it("malformed queries are told so or ignored, and never read past their end", async ({ expect }) => {
    expect(
      await pod.python(`
head = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0)
def code(m): r = ask(m, 0.5); return r if isinstance(r, str) else r[3] & 15
say([code(m) for m in (b"", b"x" * 11, head, head + b"\\xc0\\x0c\\0\\1\\0\\1", head + b"\\x3f" + b"a", head + b"\\1a\\0\\0\\1\\0\\1extra", question("a.test", flags=0x8180), question("a.test", flags=0x2800), struct.pack(">HHHHHH", 7, 0x100, 2, 0, 0, 0) + question("a.test")[12:] * 2)])`),
    ).toEqual(["timeout", "timeout", 1, 1, 1, 1, "timeout", 4, 1]);
  });

  it("thousands of random messages stop nothing", async ({ expect }) => {
    await pod.python(`
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(3000): attempt(lambda: s.sendto(os.urandom(n % 1400), ("127.0.0.53", 53)))`);
    await expect.poll(() => pod.python(`say(answer(question("after.allowed.test"), 1))`), { timeout: 20_000 }).toMatchObject({ answers: 1 });
  });

  it("other resolvers over TCP are ordinary connections that policy sees; over UDP they are not there", async ({ expect }) => {
    expect(await pod.python(`say([tcp("1.1.1.1", 53), tcp("9.9.9.9", 853), udp("1.1.1.1", 53, question("x.allowed.test"))])`)).toEqual(["served 1.1.1.1:53", "served 9.9.9.9:853", "ECONNREFUSED"]);
  });

  it("DNS over TCP gives the same answers, and a connection that sends nonsense is closed", async ({ expect }) => {
    expect(
      await pod.python(`
def over(message):
    with socket.socket() as s:
        s.settimeout(3); s.connect(("127.0.0.53", 53)); s.sendall(message); r = s.recv(2000); return ".".join(map(str, r[-4:])) if r else "closed"
q = question("tcp.allowed.test")
say([over(struct.pack(">H", len(q)) + q) == resolve("tcp.allowed.test") and "same", attempt(lambda: over(b"\\xff\\xff" + b"x" * 100))])`),
    ).toEqual(["same", expect.stringMatching(/^(closed|ECONNRESET)$/)]);
  });
});

describe("floods", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab();
  });

  /** Two pods of one daemon, the second of which must not notice what the first does. */
  async function neighbours(limits: OpenPod["limits"] = {}, serve?: OpenPod["serve"]) {
    const events: { readonly type: string; readonly pod: string; readonly fields: object }[] = [];
    const host = createPodHost({ record: (event) => void events.push(event) });
    await using scope = new AsyncDisposableStack();
    const loud = scope.use(await startPod(lab, { host, limits, ...(serve === undefined ? {} : { serve }) }));
    const quiet = scope.use(await startPod(lab, { host }));
    const owned = scope.move();
    const limited = (limit: string) => events.filter(({ type, pod, fields }) => type === "egress.limited" && pod === loud.sandbox && "limit" in fields && fields.limit === limit).length;
    return { loud, quiet, limited, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  }
  const WELL = `t = time.time(); r = [tcp("1.2.3.4", 5), answer(question("n%d.allowed.test" % (time.time() * 1000)))["answers"]]; say(r + [time.time() - t < 1])`;

  it("connections that stay open: accepting stops at the limit, the neighbour is served, and room is used again", async ({ expect }) => {
    let open = 0;
    let most = 0;
    await using on = await neighbours({ connections: 100 }, async ({ socket, decided }) => {
      most = Math.max(most, (open += 1));
      decided?.();
      socket.resume();
      await new Promise((resolve) => socket.once("close", resolve));
      open -= 1;
    });
    await on.loud.background(`
keep = []
for _ in range(400):
    s = socket.socket(); s.setblocking(False); s.connect_ex(("1.2.3.4", 80)); keep.append(s)
open("/tmp/flooded", "w"); time.sleep(4)
for s in keep: s.setsockopt(1, 13, struct.pack("ii", 1, 0)); s.close()
time.sleep(60)`);
    await expect.poll(() => open, { timeout: 10_000 }).toBe(100);
    expect(await on.quiet.python(WELL)).toEqual(["served 1.2.3.4:5", 1, true]);
    await expect.poll(() => open, { timeout: 20_000 }).toBe(0);
    expect(most).toBe(100);
    expect(on.limited("connections")).toBe(1);
  });

  it("connections on which nothing is decided have a limit of their own", async ({ expect }) => {
    let open = 0;
    await using on = await neighbours({ undecided: 20 }, async ({ socket }) => {
      open += 1;
      await new Promise((resolve) => socket.once("close", resolve));
    });
    await on.loud.background(`
keep = []
for _ in range(200):
    s = socket.socket(); s.setblocking(False); s.connect_ex(("1.2.3.4", 80)); keep.append(s)
time.sleep(60)`);
    await expect.poll(() => open, { timeout: 10_000 }).toBe(20);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(open).toBe(20);
    expect(await on.quiet.python(WELL)).toEqual(["served 1.2.3.4:5", 1, true]);
    expect(on.limited("undecided")).toBe(1);
  });

  it("tens of thousands of short connections: all pods live, no descriptor stays", { timeout: 120_000 }, async ({ expect }) => {
    await using on = await neighbours();
    const before = (await readdir("/proc/self/fd")).length;
    const flood = on.loud.python(`
def run():
    for _ in range(2500): tcp("1.2.3.4", 80, timeout=20)
ts = [threading.Thread(target=run) for _ in range(8)]
for t in ts: t.start()
for t in ts: t.join()
say("done")`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await on.quiet.python(WELL)).toEqual(["served 1.2.3.4:5", 1, true]);
    expect(await flood).toBe("done");
    await expect.poll(async () => (await readdir("/proc/self/fd")).length - before, { timeout: 5000 }).toBeLessThan(10);
    expect(await on.loud.python(WELL)).toEqual(["served 1.2.3.4:5", 1, true]);
  });

  it("queries without end: the neighbour's are answered, and it is said once", async ({ expect }) => {
    await using on = await neighbours();
    await on.loud.background(`
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); q = question("x.allowed.test"); end = time.time() + 6
while time.time() < end: attempt(lambda: s.sendto(q, 0x40, ("127.0.0.53", 53)))`);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await on.quiet.python(WELL)).toEqual(["served 1.2.3.4:5", 1, true]);
    expect(on.limited("queries")).toBe(1);
  });

  it("new names without end are refused after a while, old ones still answered", async ({ expect }) => {
    await using on = await neighbours({ nameBurst: 50, namesPerSecond: 1 });
    const replies = await on.loud.python(`
def code(n): return answer(question(n))["code"]
first = code("first.allowed.test"); codes = [code("n%d.allowed.test" % i) for i in range(150)]
say([first, codes.count(0), codes.count(2), code("first.allowed.test")])`);
    expect(replies).toEqual([0, expect.closeTo(50, -1), expect.closeTo(100, -1), 0]);
    expect(await on.quiet.python(WELL)).toEqual(["served 1.2.3.4:5", 1, true]);
    expect(on.limited("names")).toBe(1);
  });

  it("idle DNS connections shut nobody out", async ({ expect }) => {
    await using on = await neighbours();
    await on.loud.python(`
keep = []
for _ in range(200):
    s = socket.socket(); s.settimeout(1); attempt(lambda: s.connect(("127.0.0.53", 53))); keep.append(s)
say(answer(question("x.allowed.test"))["answers"])`);
    expect(await on.quiet.python(WELL)).toEqual(["served 1.2.3.4:5", 1, true]);
  });

  it("a wall that fails takes its one connection down and nothing else", async ({ expect }) => {
    await using on = await neighbours({}, () => Promise.reject(new Error("a fault")));
    expect(await on.loud.python(`say([tcp("1.2.3.4", 80), tcp("1.2.3.4", 81)])`)).toEqual(expect.not.arrayContaining(["served 1.2.3.4:80"]));
    expect(on.loud.pod.state()).toBe("ready");
    expect(await on.quiet.python(WELL)).toEqual(["served 1.2.3.4:5", 1, true]);
  });
});
