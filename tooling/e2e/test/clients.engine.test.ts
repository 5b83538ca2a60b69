import { copyFileSync, mkdirSync } from "node:fs";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { hostNames, whyNoHostNames } from "../src/host-names.ts";
import { openHost, type Host } from "../src/open-host.ts";
import type { ProgramResult } from "../src/run-program.ts";
import { certificateFor, serveDatabase, serveHttp, serveHttps, serveSsh, udpWitness, witness, type Served } from "../src/serve-clients.ts";

/** An address of this machine's loopback where nobody else listens. */
const ADDRESS = "127.0.0.77";
const LIVE = "127.0.0.78";
const NAMES = {
  "web.e2e.test": ADDRESS,
  "git.e2e.test": ADDRESS,
  "ssh.e2e.test": ADDRESS,
  "db.e2e.test": ADDRESS,
  "six.e2e.test": "::1",
  "private.e2e.test": "127.0.0.1",
  "live.e2e.test": LIVE,
} as const;
const ALLOWED = [
  "web.e2e.test:80",
  "web.e2e.test:443",
  "git.e2e.test:443",
  "ssh.e2e.test:22",
  "db.e2e.test:5432",
  "six.e2e.test",
  "private.e2e.test",
  ...[80, 443, 22, 5432].map((port) => `${ADDRESS}:${port}`),
];
const HOST_PORT = 47_811;
const WITNESS_PORT = 47_812;
/** What curl ends with when it is refused at once: no connection, or one that is reset. */
const REFUSED: readonly number[] = [7, 56];

const why = whyNoHostNames();
if (why !== undefined) process.stdout.write(`skipped: all 9 tests of clients, because ${why}\n`);

describe.skipIf(why !== undefined)("clients that know nothing of the wall (as root, who may write /etc/hosts)", () => {
  const scope = new AsyncDisposableStack();
  let host: Host;
  let cwd: string;
  let servers: Readonly<Record<"http" | "https" | "ssh" | "database" | "onHost" | "live", Served>>;
  let witnesses: readonly Served[];
  const inside = (script: string): Promise<ProgramResult> => host.sbx(["exec", "clients", "bash", "-c", script]);
  const node = (script: string): Promise<ProgramResult> => host.sbx(["exec", "clients", "node", "-e", script]);
  const arrived = (): readonly string[] => witnesses.flatMap(({ seen }) => seen);

  beforeAll(async () => {
    host = scope.use(openHost());
    scope.use(hostNames(NAMES));
    const serverFiles = path.join(host.home, "server");
    mkdirSync(serverFiles);
    const certified = certificateFor(serverFiles, ["web.e2e.test", "git.e2e.test"]);
    const source = await host.project("source");
    const repository = path.join(serverFiles, "repository.git");
    await host.git(host.home, "clone", "-q", "--bare", source, repository);
    servers = {
      http: scope.use(await serveHttp(ADDRESS, 80)),
      https: scope.use(await serveHttps(ADDRESS, { certified, repository })),
      ssh: scope.use(await serveSsh(ADDRESS, 22)),
      database: scope.use(await serveDatabase(ADDRESS, 5432)),
      onHost: scope.use(await serveHttp("127.0.0.1", HOST_PORT)),
      live: scope.use(await serveHttp(LIVE, 80)),
    };
    witnesses = [await witness("0.0.0.0", WITNESS_PORT), await witness("::", WITNESS_PORT + 1), await udpWitness("0.0.0.0", WITNESS_PORT), await udpWitness("::", WITNESS_PORT + 1)].map((one) =>
      scope.use(one),
    );
    cwd = await host.project("clients");
    copyFileSync(path.join(serverFiles, "ca.pem"), path.join(cwd, "ca.pem"));
    const made = await host.sbx(["create", "-q", "--name", "clients", ...ALLOWED.flatMap((to) => ["--allow-host", to]), "--allow-host-port", String(HOST_PORT), "shell"], { cwd });
    if (made.code !== 0) throw new Error(made.stderr);
  }, 1_800_000);
  afterAll(() => scope.disposeAsync(), 60_000);

  it("find names also where only IPv4 addresses are asked for, and only if there is one", async ({ expect }) => {
    const { code, stdout } = await inside("getent ahostsv4 web.e2e.test");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^198\.18\.\d+\.\d+ +STREAM web\.e2e\.test$/m);
  });

  it("curl: http, and https whose certificate it checks itself", async ({ expect }) => {
    expect(await inside("curl -sS -m 10 http://web.e2e.test/page")).toEqual({ code: 0, stdout: "hello from web.e2e.test\n", stderr: "" });
    expect(await inside("curl -sS -m 10 --cacert ca.pem https://web.e2e.test/page")).toEqual({ code: 0, stdout: "hello from web.e2e.test\n", stderr: "" });
    expect((await inside("curl -sS -m 10 https://web.e2e.test/")).code).toBe(60);
  });

  it("git: clones over https, with its own check of the certificate", async ({ expect }) => {
    const { code, stdout, stderr } = await inside("git -c http.sslCAInfo=$PWD/ca.pem clone -q https://git.e2e.test/repository.git ~/clone && cat ~/clone/README.md && git -C ~/clone log --format=%s");
    expect(stderr).toBe("");
    expect([code, stdout]).toEqual([0, "# A sample\nBegin\n"]);
  });

  it("ssh: a command on a server, with its exit code", async ({ expect }) => {
    const { code, stdout } = await inside("ssh -o StrictHostKeyChecking=accept-new -o BatchMode=yes -o ConnectTimeout=10 somebody@ssh.e2e.test 'uname -a'");
    expect([code, stdout]).toEqual([5, "ran: uname -a\n"]);
    expect(servers.ssh.seen).toEqual(["uname -a"]);
  });

  it("a database: asks for TLS in the clear, is told no, and goes on", async ({ expect }) => {
    const { stdout, stderr } = await node(`
      const socket = require("node:net").connect(5432, "db.e2e.test");
      const start = Buffer.from("user\\0agent\\0database\\0app\\0\\0", "latin1");
      const head = Buffer.alloc(8); head.writeUInt32BE(8 + start.length, 0); head.writeUInt32BE(196608, 4);
      socket.write(Buffer.from("0000000804d2162f", "hex"));
      socket.once("data", (first) => {
        console.log(first.toString());
        socket.write(Buffer.concat([head, start]));
        socket.once("data", (second) => { console.log(second.toString("hex")); socket.end(); });
      });`);
    expect(stderr).toBe("");
    expect(stdout).toBe("N\n5200000008000000005a0000000549\n");
    expect(servers.database.seen).toEqual(["asked for TLS", "start user agent database app"]);
  });

  it("a service on the host's loopback, the one port that was allowed and no other", async ({ expect }) => {
    expect((await inside(`curl -sS -m 10 http://host.docker.internal:${HOST_PORT}/`)).stdout).toBe(`hello from host.docker.internal:${HOST_PORT}\n`);
    for (const url of [`http://host.docker.internal:${WITNESS_PORT}/`, `http://127.0.0.1:${HOST_PORT}/`, `http://localhost:${HOST_PORT}/`, `http://private.e2e.test:${HOST_PORT}/`]) {
      expect(REFUSED, url).toContain((await inside(`curl -sS -m 5 ${url}`)).code);
    }
    expect(servers.onHost.seen).toEqual([`GET host.docker.internal:${HOST_PORT}/`]);
    expect(arrived()).toEqual([]);
  });

  it("reach nothing by an address, on another port, or under another name than they resolved", async ({ expect }) => {
    const addresses = [...new Set(["127.0.0.1", ADDRESS, ...Object.values(networkInterfaces()).flatMap((all) => (all ?? []).filter(({ family }) => family === "IPv4").map(({ address }) => address))])];
    const before = servers.https.seen.length;
    for (const address of addresses) expect(REFUSED, address).toContain((await inside(`curl -sS -m 5 http://${address}:${WITNESS_PORT}/`)).code);
    for (const name of ["web.e2e.test", "private.e2e.test", "six.e2e.test"]) expect((await inside(`curl -sS -m 5 http://${name}:${WITNESS_PORT}/`)).code).not.toBe(0);
    const disguised = await inside(
      "ip=$(getent hosts web.e2e.test | cut -d' ' -f1); curl -sSk -m 5 --resolve hidden.e2e.test:443:$ip https://hidden.e2e.test/; echo $?; curl -sS -m 5 -H 'Host: hidden.e2e.test' http://web.e2e.test/ -o /dev/null -w '%{http_code}'",
    );
    expect(disguised.stdout, disguised.stderr).toMatch(/^(35|56)\n(403|421)$/);
    expect(servers.https.seen.length).toBe(before);
    expect(servers.http.seen.join()).not.toContain("hidden");
    expect(arrived()).toEqual([]);
    const denied = (await host.events()).filter(({ type }) => type === "egress.denied").map(({ fields }) => `${String(fields["to"])}:${String(fields["port"])}`);
    expect(denied).toContain(`web.e2e.test:${WITNESS_PORT}`);
    expect(denied).toContain("private.e2e.test:47812");
  });

  it("send no datagram and speak no IPv6", async ({ expect }) => {
    const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const four = own.filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address);
    const six = ["::1", ...own.filter(({ family, internal, scopeid }) => family === "IPv6" && !internal && scopeid === 0).map(({ address }) => address)];
    for (const to of [...four, "web.e2e.test", "host.docker.internal"]) await inside(`echo leak | nc -u -w 1 -q 0 ${to} ${WITNESS_PORT}`);
    for (const to of six) {
      await inside(`echo leak | nc -6 -u -w 1 ${to} ${WITNESS_PORT + 1}`);
      expect([to, (await inside(`curl -sS -m 5 'http://[${to}]:${WITNESS_PORT + 1}/'`)).code]).toEqual([to, 7]);
    }
    expect((await inside(`curl -sS -m 5 http://six.e2e.test:${WITNESS_PORT + 1}/`)).code).not.toBe(0);
    expect(arrived()).toEqual([]);
  });

  it("ask DNS for addresses only, and no other resolver", async ({ expect }) => {
    const { stdout } = await node(`
      const { Resolver } = require("node:dns").promises;
      const tell = (what, work) => work.then((answer) => console.log(what, "answer", JSON.stringify(answer)), (error) => console.log(what, error.code));
      (async () => {
        const own = new Resolver({ timeout: 500, tries: 1 });
        await tell("A", own.resolve4("web.e2e.test").then(([address]) => address.split(".").slice(0, 2).join(".")));
        for (const type of ["AAAA", "TXT", "MX", "NS", "SRV", "CNAME", "CAA", "SOA", "PTR"]) await tell(type, own.resolve("c2VjcmV0.web.e2e.test", type));
        const other = new Resolver({ timeout: 500, tries: 1 });
        other.setServers(["${
          Object.values(networkInterfaces())
            .flatMap((all) => all ?? [])
            .find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1"
        }:${WITNESS_PORT}"]);
        await tell("other", other.resolve4("c2VjcmV0.e2e.test"));
      })();`);
    expect(stdout.trim().split("\n")).toEqual([
      'A answer "198.18"',
      ...["AAAA", "TXT", "MX", "NS", "SRV", "CNAME", "CAA", "SOA", "PTR"].map((type) => `${type} ENODATA`),
      expect.stringMatching(/^other E/),
    ]);
    expect(arrived()).toEqual([]);
  });

  it("notice a new rule at once, and its end as well", async ({ expect }) => {
    const ask = async (): Promise<string> => (await inside("curl -sS -m 10 -o /dev/null -w '%{http_code}' http://live.e2e.test/")).stdout;
    expect(await ask()).toBe("403");
    const events = await host.events();
    expect(events.findLast(({ type }) => type === "egress.denied")?.fields).toMatchObject({ to: "live.e2e.test", port: 80, fix: "sbx policy allow live.e2e.test --sandbox clients" });
    for (const to of ["live.e2e.test:80", `${LIVE}:80`]) expect((await host.sbx(["policy", "allow", to, "--sandbox", "clients"])).code).toBe(0);
    expect(await ask()).toBe("200");
    expect((await host.sbx(["policy", "check", "http://live.e2e.test/", "--sandbox", "clients"])).code).toBe(0);
    expect((await host.sbx(["policy", "deny", "live.e2e.test"])).code).toBe(0);
    expect(await ask()).toBe("403");
    expect((await host.sbx(["policy", "check", "http://live.e2e.test/", "--sandbox", "clients"])).code).toBe(1);
    expect((await host.sbx(["policy", "why", "live.e2e.test", "--sandbox", "clients"])).stdout).toContain("live.e2e.test");
    expect(servers.live.seen).toHaveLength(1);
  });
});
