import { afterAll, afterEach, beforeAll, describe, it } from "vitest";
import { openLab, startPod, type TestPod } from "./pod-lab.ts";
import { startWitness, type Witness } from "./witness.ts";

/** Everything here is tried from a workload as uid 1000 without capabilities; nothing of it may leave the pod. */
describe("ways out of a pod", () => {
  const scope = new AsyncDisposableStack();
  let pod: TestPod;
  let neighbour: TestPod;
  let witness: Witness;

  beforeAll(async () => {
    const lab = await openLab();
    witness = scope.use(await startWitness());
    [pod, neighbour] = await Promise.all([startPod(lab), startPod(lab)]);
    scope.use(pod);
    scope.use(neighbour);
    await neighbour.background(`
hits = open("/tmp/hits", "w", 1)
def listen(kind):
    s = socket.socket(socket.AF_INET, kind); s.bind(("0.0.0.0", 9100))
    if kind == socket.SOCK_STREAM:
        s.listen()
        while True: c, _ = s.accept(); hits.write("tcp\\n"); c.close()
    while True: s.recv(100); hits.write("udp\\n")
threading.Thread(target=listen, args=(socket.SOCK_STREAM,), daemon=True).start()
listen(socket.SOCK_DGRAM)`);
  });
  afterAll(() => scope.disposeAsync());
  afterEach(({ expect }) => {
    expect(witness.seen(), "something reached the host").toBe(0);
    pod.served.length = 0;
  });

  it("TCP to every address of the host ends at the wall as a literal", async ({ expect }) => {
    const outside = witness.addresses.filter((address) => !address.startsWith("127."));
    const replies = await pod.python(`say([tcp(a, ${witness.port}) for a in ${JSON.stringify(outside)}])`);
    expect(replies).toEqual(outside.map((address) => `served ${address}:${witness.port}`));
    expect(pod.served).toEqual(outside.map((address) => ({ to: { kind: "address", address }, port: witness.port })));
  });

  it("TCP to the host's loopback meets only the pod's own loopback", async ({ expect }) => {
    expect(await pod.python(`say([tcp(a, ${witness.port}) for a in ("127.0.0.1", "127.1.2.3", "0.0.0.0", "localhost")])`)).toEqual(Array(4).fill("ECONNREFUSED"));
    expect(pod.served).toEqual([]);
  });

  it("the metadata address is only a literal at the wall", async ({ expect }) => {
    expect(await pod.python(`say([tcp("169.254.169.254", 80), tcp("169.254.170.2", 80), tcp("100.100.100.200", 80)])`)).toEqual([
      "served 169.254.169.254:80",
      "served 169.254.170.2:80",
      "served 100.100.100.200:80",
    ]);
  });

  it("every port of every address ends at the wall, also those of our own services", async ({ expect }) => {
    const targets = [
      ["1.1.1.1", 53],
      ["8.8.8.8", 1],
      ["9.9.9.9", 65535],
      ["10.0.0.1", 15001],
      ["192.168.0.1", 22],
      ["172.17.0.1", 2375],
    ];
    expect(await pod.python(`say([tcp(a, p) for a, p in ${JSON.stringify(targets)}])`)).toEqual(targets.map(([address, port]) => `served ${address}:${port}`));
  });

  it("broadcast, multicast, reserved and null addresses reach nobody", async ({ expect }) => {
    const replies = await pod.python(`say([tcp(a, 9, timeout=2) for a in ("240.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.5", "239.1.2.3")])`);
    expect(replies).not.toContain("served");
    expect(pod.served).toEqual([]);
  });

  it("UDP to the host, to resolvers and to neighbours is answered by nobody", async ({ expect }) => {
    const outside = witness.addresses.filter((address) => !address.startsWith("127."));
    const replies = await pod.python(
      `say([udp(a, p) for a, p in [(a, ${witness.port}) for a in ${JSON.stringify(outside)}] + [("8.8.8.8", 53), ("1.1.1.1", 443), ("172.17.0.1", 53), ("172.17.0.3", 9100)]])`,
    );
    expect(new Set(Array.isArray(replies) ? replies : [])).toEqual(new Set(["ECONNREFUSED"]));
  });

  it("UDP broadcast and multicast stay inside", async ({ expect }) => {
    await pod.python(`
for a in ("255.255.255.255", "172.17.255.255", "224.0.0.251"):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    attempt(lambda: s.sendto(b"x", (a, ${witness.port})))`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(witness.seen()).toBe(0);
  });

  it("a neighbour's listeners hear nothing", async ({ expect }) => {
    await pod.python(`
for a in ("127.0.0.1", "0.0.0.0", "10.1.2.3", "172.17.0.2", "172.17.0.3"):
    tcp(a, 9100, timeout=2); udp(a, 9100, timeout=0.3)`);
    expect(await neighbour.python(`say(tcp("127.0.0.1", 9100))`)).toBe("");
    expect(await neighbour.python(`say(open("/tmp/hits").read())`)).toBe("tcp\n");
  });

  it("IPv6 does not exist", async ({ expect }) => {
    expect(await pod.python(`say([tcp(a, ${witness.port}, family=socket.AF_INET6) for a in ("::1", "2001:4860:4860::8888", "fe80::1")])`)).toEqual(
      Array(3).fill(expect.stringMatching(/^E(ADDRNOTAVAIL|NETUNREACH|INVAL)$/)),
    );
    expect(await pod.python(`say(udp("ff02::1", 9, family=socket.AF_INET6))`)).not.toMatch(/^[0-9a-f]/);
  });

  it("IPv4 spelled as IPv6 ends at the wall like any other", async ({ expect }) => {
    await pod.python(`say([tcp("::ffff:172.17.0.1", ${witness.port}, family=socket.AF_INET6)])`);
    expect(pod.served).toEqual([{ to: { kind: "address", address: "172.17.0.1" }, port: witness.port }]);
  });

  it("ping is refused", async ({ expect }) => {
    expect(
      await pod.python(`say([attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1) and "open"), attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1) and "open")])`),
    ).toEqual(["EACCES", "EPERM"]);
  });

  it("raw and packet sockets are refused, also to root inside", async ({ expect }) => {
    const script = `say([attempt(lambda: socket.socket(*a) and "open") for a in ((17, 3, 768), (17, 2, 768), (2, 3, 255), (2, 3, 6), (2, 3, 17))])`;
    for (const user of ["1000:1000", "0:0"]) expect(await pod.python(script, { user })).not.toContain("open");
  });

  it("no other family of sockets opens: vsock to the hypervisor, Bluetooth, kernel crypto and the rest", async ({ expect }) => {
    expect(
      await pod.python(
        `say([f for f in range(1, 46) if attempt(lambda: socket.socket(f, socket.SOCK_STREAM) and "open") == "open" or attempt(lambda: socket.socket(f, socket.SOCK_DGRAM) and "open") == "open" or attempt(lambda: socket.socket(f, socket.SOCK_RAW) and "open") == "open"])`,
      ),
    ).toEqual([1, 2, 10, 16]);
  });

  it("MPTCP, SCTP, UDP-Lite and DCCP do not reach the host either", async ({ expect }) => {
    await pod.python(`
for kind, protocol in ((1, 262), (1, 132), (2, 136), (6, 33), (5, 132)):
    def call():
        s = socket.socket(socket.AF_INET, kind, protocol); s.settimeout(2); s.connect(("172.17.0.1", ${witness.port})); s.send(b"x")
    attempt(call)`);
    expect(pod.served.every(({ to }) => to.kind === "address" && to.address === "172.17.0.1")).toBe(true);
  });

  it("an abstract unix socket of the host does not exist inside", async ({ expect }) => {
    expect(
      await pod.python(`
def call(): s = socket.socket(socket.AF_UNIX); s.connect("\\0${witness.abstractName}"); return "connected"
say(attempt(call))`),
    ).toBe("ECONNREFUSED");
  });

  it("a false source address changes neither who speaks nor where it goes", async ({ expect }) => {
    await pod.python(`say([tcp("172.17.0.1", ${witness.port}, source=(s, 0)) for s in ("172.17.0.1", "8.8.8.8", "198.18.0.9")])`);
    expect(pod.served).toEqual(Array.from({ length: 3 }, () => ({ to: { kind: "address", address: "172.17.0.1" }, port: witness.port })));
    expect(neighbour.served).toEqual([]);
  });

  it("source routes, marks, devices and fast open lead nowhere else", async ({ expect }) => {
    await pod.python(`
def call(level, option, value):
    s = socket.socket(); s.settimeout(2); r = attempt(lambda: s.setsockopt(level, option, value))
    attempt(lambda: s.connect(("172.17.0.1", ${witness.port}))); return r
for o in ((0, 4, bytes([131, 7, 4, 172, 17, 0, 1, 0])), (1, 36, 1), (1, 25, b"lo\\0"), (1, 5, 1), (6, 30, 1)): call(*o)
s = socket.socket(); s.settimeout(2); attempt(lambda: s.sendto(b"x", 0x20000000, ("172.17.0.1", ${witness.port})))`);
    expect(pod.served.every(({ to }) => to.kind === "address" && to.address === "172.17.0.1")).toBe(true);
  });

  it("routes, addresses and links cannot be changed", async ({ expect }) => {
    const script = `
def netlink(type, body):
    s = socket.socket(16, 3, 0); s.settimeout(2); s.bind((0, 0))
    s.send(struct.pack("IHHII", 16 + len(body), type, 0x605, 1, 0) + body); reply = s.recv(1000)
    return errno.errorcode.get(-struct.unpack("i", reply[16:20])[0], "done")
say([netlink(24, struct.pack("BBBBBBBBI", 2, 0, 0, 0, 254, 3, 0, 1, 0)), netlink(20, struct.pack("BBBBI", 2, 24, 0, 0, 1)), netlink(16, struct.pack("BxHiII", 0, 0, 1, 0, 1)), netlink(32, struct.pack("BBBBBBBBI", 2, 0, 0, 0, 254, 3, 0, 1, 0))])`;
    for (const user of ["1000:1000", "0:0"]) expect(await pod.python(script, { user })).toEqual(Array(4).fill("EPERM"));
  });

  it("the packet filter can be neither read nor changed", async ({ expect }) => {
    const script = `
def nft():
    s = socket.socket(16, 3, 12); s.settimeout(2); s.bind((0, 0))
    s.send(struct.pack("IHHII", 20, 0x0a05 - 4, 0x301, 1, 0) + b"\\0\\0\\0\\0"); return errno.errorcode.get(-struct.unpack("i", s.recv(1000)[16:20])[0], "done")
say([attempt(nft), attempt(lambda: socket.socket().setsockopt(0, 64, b"\\0" * 96)), attempt(lambda: socket.socket(2, 3, 255))])`;
    for (const user of ["1000:1000", "0:0"]) {
      const replies = await pod.python(script, { user });
      expect(replies).toEqual(["EPERM", expect.stringMatching(/^(EPERM|ENOPROTOOPT)$/), "EPERM"]);
    }
  });

  it("kernel settings of the pod are read-only", async ({ expect }) => {
    expect(
      await pod.python(
        `
def write(path): open("/proc/sys/net/ipv4/" + path, "w").write("0 2147483647")
say([attempt(lambda: write(p)) for p in ("ping_group_range", "conf/all/route_localnet", "ip_forward", "ip_nonlocal_bind")])`,
        { user: "0:0" },
      ),
    ).toEqual(Array(4).fill("EROFS"));
  });

  it("a namespace of one's own, with capabilities in it, is not to be had", async ({ expect }) => {
    const script = `say([os.system("unshare " + f + " true 2>/dev/null") for f in ("-U", "-n", "-Ur", "-Urn")])`;
    for (const user of ["1000:1000", "0:0"]) expect(await pod.python(script, { user })).not.toContain(0);
  });

  it("what a workload says reaches the daemon under its own sandbox only", async ({ expect }) => {
    const before = neighbour.served.length;
    await pod.python(`tcp(resolve("own.allowed.test"), 443)`);
    expect(pod.served).toEqual([{ to: { kind: "name", name: "own.allowed.test" }, port: 443 }]);
    expect(neighbour.served.length).toBe(before);
  });
});
