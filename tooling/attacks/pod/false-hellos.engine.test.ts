import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventInit } from "@sbx/contracts";
import { createPodHost, podDirectory, type OpenPod, type Pod, type PodHost } from "@sbx/egress-proxy";
import { AF_INET, closeDescriptor, networkNamespaceCookie, openSocket, SOCK_STREAM } from "@sbx/syscalls";
import { beforeAll, describe, it, type ExpectStatic } from "vitest";
import { aSandboxId, impostorSpec, mayAllow, openLab, runPython, start, type Lab } from "./pod-lab.ts";

/** What a gate that was taken over could do: it has the socket, and root and NET_ADMIN in a namespace of its own. */
const IMPOSTOR = `
HELLO = b"SBXG" + bytes([1, 1, 0, 1]) + bytes(8)
def made(kind, address, port, listen=True, transparent=False, options=(), family=socket.AF_INET, protocol=0):
    s = socket.socket(family, kind, protocol)
    for o in options: s.setsockopt(1, o, 1)
    if transparent: s.setsockopt(0, 19, 1)
    if address: s.bind((address, port))
    if listen and kind == socket.SOCK_STREAM: s.listen()
    return s
def tcp_part(**k): return made(socket.SOCK_STREAM, "127.0.0.1", 15001, **{"transparent": True, **k})
def udp_part(**k): return made(socket.SOCK_DGRAM, "127.0.0.53", 53, **k)
def dns_part(**k): return made(socket.SOCK_STREAM, "127.0.0.53", 53, **k)
def send(message, parts):
    s = socket.socket(socket.AF_UNIX); s.settimeout(3); s.connect("/run/gate/gate.sock")
    fds = [p if isinstance(p, int) else p.fileno() for p in parts]
    s.sendmsg([message], [(1, 1, struct.pack("%di" % len(fds), *fds))] if fds else []); return s
def outcome(s):
    s.settimeout(0.7)
    r = attempt(lambda: s.recv(8)); return "kept" if r == "timeout" else "turned away" if r in (b"", "ECONNRESET") else "asked"
`;
const GOOD = "[tcp_part(), udp_part(), dns_part()]";

interface Stage extends AsyncDisposable {
  readonly pod: Pod;
  readonly events: EventInit[];
  readonly impostor: (script: string) => Promise<unknown>;
}

async function stage(lab: Lab, { host, serve = async ({ socket }) => void socket.destroy() }: { readonly host?: PodHost; readonly serve?: OpenPod["serve"] } = {}): Promise<Stage> {
  await using scope = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "sbx-attack-"));
  scope.defer(() => rm(directory, { recursive: true, force: true }));
  const events: EventInit[] = [];
  const sandbox = aSandboxId();
  const pod = scope.use(await (host ?? createPodHost({ record: (event) => void events.push(event) })).open({ pod: sandbox, directory, hostname: "box", mayAllow, serve }));
  const container = await start(lab, scope, impostorSpec(lab, `sbx-attack-${sandbox.slice(4)}-impostor`, podDirectory(directory).gate));
  const owned = scope.move();
  return { pod, events, impostor: (script) => runPython(lab, container, { script: `${IMPOSTOR}\n${script}`, user: "0:0" }), [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Descriptors of this process, and how many of them are sockets that were made in another network namespace. */
async function descriptors(): Promise<{ readonly all: number; readonly foreign: number }> {
  const probe = openSocket(AF_INET, SOCK_STREAM);
  const own = networkNamespaceCookie(probe);
  closeDescriptor(probe);
  const all = (await readdir("/proc/self/fd")).map(Number);
  const foreign = all.filter((fd) => {
    try {
      return networkNamespaceCookie(fd) !== own;
    } catch {
      return false;
    }
  });
  return { all: all.length, foreign: foreign.length };
}

function expectRefused(expect: ExpectStatic, { pod, events }: Stage, reason: RegExp): void {
  expect(events.filter(({ type }) => type === "gate.rejected").map(({ fields }) => fields["reason"])).toEqual([expect.stringMatching(reason)]);
  expect(events.filter(({ type }) => type === "gate.ready")).toEqual([]);
  expect(pod.state()).toBe("waiting");
}

const FALSE_HELLOS: readonly (readonly [name: string, script: string, reason: RegExp])[] = [
  ["no descriptors", "send(HELLO, [])", /^0 descriptors/],
  ["two descriptors", "send(HELLO, [tcp_part(), udp_part()])", /^2 descriptors/],
  ["four descriptors", "send(HELLO, [tcp_part(), udp_part(), dns_part(), 0])", /^4 descriptors/],
  ["as many descriptors as a message holds", "send(HELLO, [0] * 253)", /^253 descriptors/],
  ["files instead of sockets", 'send(HELLO, [os.open("/etc/passwd", 0)] * 3)', /ENOTSOCK/],
  ["unix sockets", "send(HELLO, list(socket.socketpair()) + [socket.socket(socket.AF_UNIX)])", /not an IPv4 socket/],
  ["the right sockets in another order", "send(HELLO, [udp_part(), tcp_part(), dns_part()])", /another type/],
  ["a listener that does not listen", "send(HELLO, [tcp_part(listen=False), udp_part(), dns_part()])", /does not listen/],
  ["a listener on loopback that is not transparent", "send(HELLO, [tcp_part(transparent=False), udp_part(), dns_part()])", /not transparent/],
  ["a listener on another port", 'send(HELLO, [made(socket.SOCK_STREAM, "127.0.0.1", 15002, transparent=True), udp_part(), dns_part()])', /127\.0\.0\.1:15002 instead/],
  ["a listener on every address", 'send(HELLO, [made(socket.SOCK_STREAM, "0.0.0.0", 15001, transparent=True), udp_part(), dns_part()])', /0\.0\.0\.0:15001 instead/],
  ["a listener beside which others may bind", "send(HELLO, [tcp_part(options=(2,)), udp_part(), dns_part()])", /beside it/],
  ["DNS beside which others may bind", "send(HELLO, [tcp_part(), udp_part(options=(15,)), dns_part()])", /beside it/],
  ["an MPTCP listener", 'send(HELLO, [made(socket.SOCK_STREAM, "127.0.0.1", 15001, protocol=262), udp_part(), dns_part()])', /another protocol|not transparent/],
  ["a message that is too short", `send(HELLO[:15], ${GOOD})`, /^15 bytes/],
  ["a message that is too long", `send(HELLO + b"x", ${GOOD})`, /^17 bytes/],
  ["another version", `send(b"SBXG" + bytes([2]) + HELLO[5:], ${GOOD})`, /no message/],
  ["another kind", `send(b"SBXG" + bytes([1, 9]) + HELLO[6:], ${GOOD})`, /no message/],
  ["an answer before any hello", 'send(b"SBXG" + bytes([1, 2, 0, 0]) + struct.pack(">II", 1, 0), [tcp_part()])', /before any hello/],
];

describe("false hellos", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab();
  });

  it.for(FALSE_HELLOS)("%s", async ([, script, reason], { expect }) => {
    await using on = await stage(lab);
    const before = await descriptors();
    expect(await on.impostor(`say(outcome(${script}))`)).toBe("turned away");
    expectRefused(expect, on, reason);
    const after = await descriptors();
    expect(after.foreign, "a socket was kept").toBe(0);
    // The client of the engine keeps some connections of its own.
    expect(after.all - before.all).toBeLessThan(5);
  });

  it("the right one, to see that the others fail for their own reasons", async ({ expect }) => {
    await using on = await stage(lab);
    expect(await on.impostor(`say(outcome(send(HELLO, ${GOOD})))`)).toBe("kept");
    expect(on.events.map(({ type }) => type)).toContain("gate.ready");
  });

  it("sockets of the host's own namespace", async ({ expect }) => {
    await using known = await stage(lab);
    const cookie = BigInt(String(await known.impostor(`say(str(struct.unpack("Q", socket.socket().getsockopt(1, 71, 8))[0]))`)));
    const events: EventInit[] = [];
    const directory = await mkdtemp(join(tmpdir(), "sbx-attack-"));
    await using pod = await createPodHost({ record: (event) => void events.push(event), hostNetnsCookie: cookie }).open({
      pod: aSandboxId(),
      directory,
      hostname: "box",
      mayAllow,
      serve: async () => undefined,
    });
    await using scope = new AsyncDisposableStack();
    const joined = await start(lab, scope, { ...impostorSpec(lab, `sbx-attack-host-${process.pid}`, podDirectory(directory).gate) });
    const own = BigInt(String(await runPython(lab, joined, { script: `say(str(struct.unpack("Q", socket.socket().getsockopt(1, 71, 8))[0]))`, user: "0:0" })));
    expect(own).not.toBe(cookie);
    await using asHost = await createPodHost({ record: (event) => void events.push(event), hostNetnsCookie: own }).open({
      pod: aSandboxId(),
      directory,
      hostname: "box",
      mayAllow,
      serve: async () => undefined,
    });
    expect(await runPython(lab, joined, { script: `${IMPOSTOR}\nsay(outcome(send(HELLO, ${GOOD})))`, user: "0:0" })).toBe("turned away");
    expect(events).toEqual([expect.objectContaining({ type: "gate.rejected", fields: { reason: "sockets of a namespace that is not its own" } })]);
    expect([pod.state(), asHost.state()]).toEqual(["waiting", "waiting"]);
    await rm(directory, { recursive: true });
  });

  it("sockets of another pod's namespace", async ({ expect }) => {
    const events: EventInit[] = [];
    const host = createPodHost({ record: (event) => void events.push(event) });
    const directories = await Promise.all([0, 1].map(() => mkdtemp(join(tmpdir(), "sbx-attack-"))));
    await using scope = new AsyncDisposableStack();
    const pods = await Promise.all(directories.map(async (directory) => scope.use(await host.open({ pod: aSandboxId(), directory, hostname: "box", mayAllow, serve: async () => undefined }))));
    const [first = "", second = ""] = directories.map((directory) => podDirectory(directory).gate);
    const spec = impostorSpec(lab, `sbx-attack-two-${process.pid}`, first);
    const container = await start(lab, scope, { ...spec, mounts: [...spec.mounts, { kind: "bind", source: second, target: "/run/second", readonly: true }] });
    const script = `${IMPOSTOR}
parts = ${GOOD}; one = send(HELLO, parts); first = outcome(one)
s = socket.socket(socket.AF_UNIX); s.connect("/run/second/gate.sock"); s.sendmsg([HELLO], [(1, 1, struct.pack("3i", *[p.fileno() for p in parts]))])
say([first, outcome(s)])`;
    expect(await runPython(lab, container, { script, user: "0:0" })).toEqual(["kept", "turned away"]);
    expect(pods[1]?.state()).toBe("waiting");
    expect(events.map(({ type }) => type)).toContain("gate.rejected");
    for (const directory of directories) await rm(directory, { recursive: true });
  });

  it("an answer with a socket that nobody asked for", async ({ expect }) => {
    await using on = await stage(lab);
    const control = on.impostor(`
c = send(HELLO, ${GOOD}); c.settimeout(10)
r = c.recv(8); i = r[4:8]
def reply(kind, part): send(b"SBXG" + bytes([1, kind, 0, 0]) + i + bytes(4), [part]).close()
reply(2, made(socket.SOCK_STREAM, "127.0.0.1", 4000)); time.sleep(0.5); say("done")`);
    await on.pod.ready(AbortSignal.timeout(10_000));
    await expect(on.pod.dial(4000, AbortSignal.timeout(10_000))).rejects.toThrow(/not asked for/);
    await control;
    expect(on.events.map(({ fields }) => fields["reason"])).toContain("a listener instead of a connection");
  });

  it("an answer with a connection to another port", async ({ expect }) => {
    await using on = await stage(lab);
    const control = on.impostor(`
other = made(socket.SOCK_STREAM, "127.0.0.1", 4001); wrong = socket.create_connection(("127.0.0.1", 4001))
c = send(HELLO, ${GOOD}); c.settimeout(10)
i = c.recv(8)[4:8]
send(b"SBXG" + bytes([1, 2, 0, 0]) + i + bytes(4), [wrong]); time.sleep(0.5); say("done")`);
    await on.pod.ready(AbortSignal.timeout(10_000));
    await expect(on.pod.dial(4000, AbortSignal.timeout(10_000))).rejects.toMatchObject({ code: "POD_FAILED" });
    await control;
  });

  it("a gate that speaks out of turn is left", async ({ expect }) => {
    await using on = await stage(lab);
    expect(await on.impostor(`c = send(HELLO, ${GOOD}); time.sleep(0.3); c.send(b"anything"); say(outcome(c))`)).toBe("turned away");
    expect(on.events.map(({ type }) => type)).toEqual(["gate.ready", "gate.rejected", "gate.degraded"]);
  });

  it("hundreds of connections that say nothing keep no descriptor, and the real hello still comes through", async ({ expect }) => {
    await using on = await stage(lab);
    expect(
      await on.impostor(`
silent = []
for _ in range(500):
    s = socket.socket(socket.AF_UNIX); s.settimeout(2)
    if attempt(lambda: s.connect("/run/gate/gate.sock")) is None: silent.append(s)
time.sleep(3); say(outcome(send(HELLO, ${GOOD})))`),
    ).toBe("kept");
    // The hello's three, and its control connection.
    expect((await descriptors()).foreign).toBeLessThanOrEqual(4);
  });

  it("a witness of the host's cannot be dialled through a pod", async ({ expect }) => {
    let seen = 0;
    const server = createServer(() => void (seen += 1)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await using on = await stage(lab);
    const control = on.impostor(`c = send(HELLO, ${GOOD}); c.settimeout(10); i = c.recv(8)[4:8]; send(b"SBXG" + bytes([1, 4, 0, 0]) + i + struct.pack(">I", 111), []); time.sleep(0.3); say("done")`);
    await on.pod.ready(AbortSignal.timeout(10_000));
    await expect(on.pod.dial(port, AbortSignal.timeout(10_000))).rejects.toThrow(/ECONNREFUSED/);
    await control;
    server.close();
    expect(seen).toBe(0);
  });
});
