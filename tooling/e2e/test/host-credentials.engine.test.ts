import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { findSecrets } from "../src/find-secrets.ts";
import { whyNoHostNames } from "../src/host-names.ts";
import { openHost, type Host } from "../src/open-host.ts";
import { serveSecureEcho, type SecureEcho } from "../src/secure-echo.ts";
import { spellings } from "../src/spellings.ts";

/** It is nowhere else in the world: whoever finds it has found a leak. */
const SECRET = "forge-e2e-secret/value+0f1e2d3c4b5a69788796";
/** Open for single requests with a credential; as a whole with one; as a whole without. */
const [API, FREE, OTHER] = ["api.creds.test", "free.creds.test", "other.creds.test"];
const ADDRESS = "127.0.0.91";

const policy = `{ type: com.docker.sandbox/network-policy@2, config: { runtime: { allow: [{ hosts: [${API}], methods: [GET, HEAD], paths: ["/repos/**"] }, ${FREE}, ${OTHER}] } } }`;
const credential = (inject: string, more = ""): string =>
  `{ type: com.docker.sandbox/credential@1, config: { service: forge, phase: runtime, apiKey: { name: FORGE_TOKEN, inject: [${inject}] } }${more} }`;
const WANTED = `{ domain: ${API}, header: Authorization, format: "token %s" }, { domain: ${FREE}, scheme: basic, username: ada }`;

const reason = whyNoHostNames();
const scope = new AsyncDisposableStack();
let host: Host;
let echo: SecureEcho;
let cwd: string;

/** Write a mixin into the person's home. */
function mixin(name: string, capabilities: readonly string[]): string {
  const directory = path.join(host.home, "kits", name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, "kit.yaml"), ['schemaVersion: "3"', "kind: mixin", "capabilities:", ...capabilities.map((one) => `  - ${one}`), ""].join("\n"));
  return directory;
}

const create = (name: string, kit: string, more: readonly string[] = []) => host.sbx(["create", "-q", "--name", name, "--kit", kit, ...more, "shell"], { cwd });
const inside = async (script: string, name = "forge") => await host.sbx(["exec", name, "sh", "-c", script]);
const status = async (request: string, name?: string): Promise<string> => (await inside(`curl -sS -m 20 -o /dev/null -w '%{http_code}' ${request}`, name)).stdout;
/** What reached the hosts meanwhile. */
async function reached(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = echo.asked.length;
  await work();
  return echo.asked.slice(before).map(({ host: name, method, url, headers }) => `${method} ${name}${url} ${headers.authorization ?? "bare"}`);
}

beforeAll(async () => {
  if (reason !== undefined) return;
  const directory = mkdtempSync("/tmp/sbx-echo-");
  scope.defer(() => {
    rmSync(directory, { recursive: true });
  });
  echo = scope.use(await serveSecureEcho([API, FREE, OTHER], ADDRESS, directory));
  host = scope.use(openHost({ NODE_EXTRA_CA_CERTS: echo.authorities, SBX_KEEP_READY: "no" }));
  cwd = await host.project("forge");
  // The hosts are on this machine, which only its person opens.
  await host.sbx(["policy", "allow", echo.address]);
}, 600_000);
afterAll(() => scope.disposeAsync(), 60_000);

describe.skipIf(reason !== undefined)(`secrets that are put on at hosts (${reason ?? "hosts of this machine"})`, () => {
  it("are nobody's before their person bound them: the Kit makes no sandbox, and says the commands", async ({ expect }) => {
    const kit = mixin("forge", [policy, credential(WANTED)]);
    const refused = await create("forge", kit);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(`sbx secret set forge; sbx secret bind forge --host ${API}; sbx secret bind forge --host ${FREE}`);
    expect(await host.sandboxes()).toEqual([]);
    expect((await host.sbx(["secret", "set", "forge"], { input: SECRET })).code).toBe(0);
    for (const name of [API, FREE]) expect((await host.sbx(["secret", "bind", "forge", "--host", name])).code).toBe(0);
    expect((await host.sbx(["kit", "inspect", "shell", "--kit", kit])).stdout).toContain(
      `"forge" is put on requests to ${API}, ${FREE}, if you bind it to them; programs see a placeholder in FORGE_TOKEN`,
    );
    const made = await create("forge", kit, ["--mount-docker-socket"]);
    expect(made.code, made.stderr).toBe(0);
    expect((await host.sandbox("forge")).credentials).toEqual([{ secret: "forge", hosts: [API, FREE], variable: "FORGE_TOKEN" }]);
    expect((await host.sbx(["policy", "why", API, "--sandbox", "forge"])).stdout).toMatch(/^allowed: .*each request is decided by its method and path/);
  }, 600_000);

  it("are put on allowed requests, of curl, Node and git alike, whatever the program sends itself", async ({ expect }) => {
    const seen = await reached(async () => {
      expect(await status(`-H "Authorization: token $FORGE_TOKEN" https://${API}/repos/a?page=1`)).toBe("200");
      expect(await status(`-I https://${API}/repos/a/b`)).toBe("200");
      expect((await inside(`node -e 'fetch("https://${API}/repos/node").then(async (answer) => console.log(answer.status, await answer.text()))'`)).stdout).toContain("200 ");
      await inside(`git ls-remote https://${API}/repos/git`);
      expect(await status(`-X POST -d x https://${FREE}/anything`)).toBe("200");
    });
    const basic = `Basic ${Buffer.from(`ada:${SECRET}`).toString("base64")}`;
    expect(seen).toEqual([
      `GET ${API}/repos/a?page=1 token ${SECRET}`,
      `HEAD ${API}/repos/a/b token ${SECRET}`,
      `GET ${API}/repos/node token ${SECRET}`,
      `GET ${API}/repos/git/info/refs?service=git-upload-pack token ${SECRET}`,
      `POST ${FREE}/anything ${basic}`,
    ]);
  });

  it("let git clone and push with a token that is not in the sandbox", async ({ expect }) => {
    const bare = path.join(echo.repositories, "shop.git");
    const work = path.join(echo.repositories, "work");
    for (const [at, ...args] of [
      [echo.repositories, "init", "-q", "--bare", "-b", "main", bare],
      [bare, "config", "http.receivepack", "true"],
      [echo.repositories, "clone", "-q", bare, work],
      [work, "commit", "-q", "--allow-empty", "-m", "First"],
      [work, "push", "-q", "origin", "HEAD:main"],
    ] as const)
      expect((await host.git(at, ...args)).code, args.join(" ")).toBe(0);
    const commit = "git -c user.name=Agent -c user.email=agent@example.invalid commit -q -m Second";
    const said = await inside(
      `cd /tmp && git clone -q https://${FREE}/shop.git && cd shop && head -c 3000000 /dev/urandom > blob && git add . && ${commit} && git push -q origin HEAD:refs/heads/agent`,
    );
    expect(said).toMatchObject({ code: 0, stdout: "" });
    expect((await host.git(bare, "log", "--format=%an %s", "agent")).stdout).toBe("Agent Second\nAda Example First\n");
  });

  it.for([
    `-X POST -d x https://${API}/repos/a`,
    `-X DELETE https://${API}/repos/a`,
    `https://${API}/user`,
    `--path-as-is https://${API}/repos/../user`,
    `-H 'X-HTTP-Method-Override: DELETE' https://${API}/repos/a`,
  ])("refuse what no rule allows with 403, and nothing of it reaches the host: %s", async (request, { expect }) => {
    expect(await reached(async () => expect(await status(request)).toBe("403"))).toEqual([]);
  });

  it("leave other hosts as they are: whole, with their own certificate, and without a credential", async ({ expect }) => {
    const issuer = (name: string): string =>
      `node -e 'const s=require("tls").connect({host:"${name}",port:443,servername:"${name}",rejectUnauthorized:false},()=>{console.log(s.getPeerCertificate().issuer.CN);s.destroy()})'`;
    expect((await inside(issuer(OTHER))).stdout).toBe("the real host\n");
    expect((await inside(issuer(API))).stdout).not.toContain("the real host");
    expect(await reached(() => status(`-k https://${OTHER}/`))).toEqual([`GET ${OTHER}/ bare`]);
  });

  it("come back in no answer, and lie nowhere where the agent or a reader could meet them", async ({ expect }) => {
    const { stdout, stderr } = await inside(`curl -sSi https://${API}/repos/echo; curl -sSi https://${FREE}/echo; curl -sSv https://${API}/repos/echo`);
    expect(echo.asked.at(-1)?.headers.authorization).toBe(`token ${SECRET}`);
    expect(stdout.match(/HTTP\/1.1 200/g)).toHaveLength(2);
    const placeholder = (await inside('printf %s "$FORGE_TOKEN"')).stdout;
    expect(placeholder).toMatch(/^[0-9a-f]{48}$/);
    const { found, control } = await findSecrets(host, { secrets: [SECRET, `ada:${SECRET}`], known: placeholder, sandbox: "forge", texts: [stdout, stderr] });
    expect(found).toEqual([]);
    expect(control).toEqual(expect.arrayContaining(["inside", "container"]));
  });

  it("leave the authority's key with the daemon, and its certificate read-only inside", async ({ expect }) => {
    const { id } = await host.sandbox("forge");
    const file = path.join(host.stateDirectory, "sandboxes", id, "authority.json");
    const { key } = JSON.parse(readFileSync(file, "utf8")) as { readonly key: string };
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [, line = ""] = key.split("\n");
    const { found } = await findSecrets(host, { secrets: [line], known: line, sandbox: "forge", texts: [] });
    expect([...new Set(found)]).toEqual([file]);
    expect(
      (await inside("echo x >> /etc/ssl/certs/ca-certificates.crt; rm -f /etc/ssl/certs/ca-certificates.crt; grep -c BEGIN /etc/ssl/certs/ca-certificates.crt; echo $SSL_CERT_FILE")).stdout,
    ).toMatch(/^\d{3}\n\/etc\/ssl\/certs\/ca-certificates.crt\n$/);
  });

  it("are not those of containers that the agent starts, to which hosts of single requests are shut", async ({ expect }) => {
    const asked = (request: string): Promise<{ readonly stdout: string }> => inside(`docker run --rm sbx/own:latest curl -sS -k -m 20 -o /dev/null -w '%{http_code}' ${request}`);
    expect(await reached(async () => expect((await asked(`https://${API}/repos/a`)).stdout).toBe("000"))).toEqual([]);
    expect(await reached(async () => expect((await asked(`https://${FREE}/`)).stdout).toBe("200"))).toEqual([`GET ${FREE}/ bare`]);
    expect((await inside("docker run --rm sbx/own:latest env")).stdout).not.toContain("FORGE_TOKEN");
  });

  it("stay with the sandbox over a restart of it and of the daemon, and with its placeholder when it is made anew", async ({ expect }) => {
    const before = (await inside('printf %s "$FORGE_TOKEN"')).stdout;
    await host.sbx(["daemon", "stop"]);
    expect(await reached(() => status(`https://${API}/repos/kept`))).toEqual([`GET ${API}/repos/kept token ${SECRET}`]);
    await host.sbx(["stop", "forge"]);
    expect(await reached(() => status(`https://${API}/repos/again`))).toEqual([`GET ${API}/repos/again token ${SECRET}`]);
    expect((await host.sbx(["recreate", "forge"])).code).toBe(0);
    expect((await inside('printf %s "$FORGE_TOKEN"')).stdout).toBe(before);
    expect(await reached(() => status(`https://${API}/repos/anew`))).toEqual([`GET ${API}/repos/anew token ${SECRET}`]);
  });

  it("are taken back with the next request when their person unbinds them", async ({ expect }) => {
    expect((await host.sbx(["secret", "unbind", "forge", "--host", FREE])).code).toBe(0);
    const seen = await reached(async () => {
      const { stdout } = await inside(`curl -sS -m 20 -w '%{http_code}' https://${FREE}/`);
      expect(stdout).toMatch(/403$/);
      expect(stdout).toContain(`sbx secret bind forge --host ${FREE}`);
    });
    expect(seen).toEqual([]);
    expect((await host.sbx(["secret", "bind", "forge", "--host", FREE])).code).toBe(0);
    expect(await reached(() => status(`https://${FREE}/`))).toHaveLength(1);
  });

  it("go to no host that they are not bound to, whatever a Kit wants", async ({ expect }) => {
    const refused = await create("greedy", mixin("greedy", [policy, credential(`{ domain: ${OTHER} }`)]));
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(`sbx secret bind forge --host ${OTHER}`);
    const left = await create("left", mixin("left", [policy, credential(`${WANTED}, { domain: ${OTHER} }`, ", optional: true")]));
    expect(left.code, left.stderr).toBe(0);
    expect((await host.sbx(["inspect", "left", "--json"])).stdout).toContain(`sbx secret bind forge --host ${OTHER}`);
    expect((await inside("env", "left")).stdout).not.toContain("FORGE_TOKEN");
    const seen = await reached(async () => {
      expect(await status(`-k https://${OTHER}/`, "left")).toBe("200");
      expect(await status(`https://${API}/repos/a`, "left")).toBe("200");
    });
    expect(seen).toEqual([`GET ${OTHER}/ bare`, `GET ${API}/repos/a bare`]);
    expect(echo.asked.flatMap(({ host: name, headers }) => (name === OTHER ? spellings(SECRET).filter((one) => JSON.stringify(headers).includes(one)) : []))).toEqual([]);
  }, 600_000);

  it("add no variable where a Kit gives them none", async ({ expect }) => {
    const plain = `{ type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: [${FREE}] } } }`;
    const injectOnly = `{ type: com.docker.sandbox/credential@1, config: { service: forge, phase: runtime, apiKey: { inject: [{ domain: ${FREE} }] } } }`;
    expect((await create("control", mixin("control", [plain]))).code).toBe(0);
    expect((await create("quiet", mixin("quiet", [plain, injectOnly]))).code).toBe(0);
    const names = async (name: string): Promise<string> => (await inside("env | cut -d= -f1 | sort", name)).stdout;
    expect(await names("quiet")).toBe(await names("control"));
    expect(await reached(() => status(`https://${FREE}/`, "quiet"))).toEqual([`GET ${FREE}/ Bearer ${SECRET}`]);
  }, 600_000);
});
