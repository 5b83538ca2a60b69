import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { serveFarHosts, type FarHosts } from "../src/far-hosts.ts";
import { openHost, type Host } from "../src/open-host.ts";

const SECRET = "forge-of-install-hooks/0f1e2d3c4b5a";
/** For install hooks, with a credential; for what comes after; for nobody. */
const [EARLY, LATE, SHUT] = ["early.far.example", "late.far.example", "shut.far.example"];

const scope = new AsyncDisposableStack();
let host: Host;
let far: FarHosts;
let cwd: string;

beforeAll(async () => {
  const directory = mkdtempSync("/tmp/sbx-far-");
  scope.defer(() => {
    rmSync(directory, { recursive: true });
  });
  far = scope.use(await serveFarHosts([EARLY, LATE, SHUT], directory));
  host = scope.use(openHost({ HTTPS_PROXY: far.proxy, NO_PROXY: "localhost,127.0.0.1", NODE_EXTRA_CA_CERTS: far.authorities, SBX_KEEP_READY: "no" }));
  cwd = await host.project("behind");
}, 600_000);
afterAll(() => scope.disposeAsync(), 60_000);

/** A mixin whose install hook asks the early host as it may and as it may not, and notes what it saw. */
function mixin(): string {
  const directory = path.join(host.home, "early");
  mkdirSync(directory);
  const ask = (name: string, request: string): string => `curl -s -m 20 -o /var/tmp/${name} -w '%{http_code}\n' ${request} >> /var/tmp/said || echo "$?" >> /var/tmp/said`;
  const hook = [
    ask("answer", `-H "Authorization: Bearer $FORGE_TOKEN" https://${EARLY}/packages/one`),
    ask("denied", `-X POST https://${EARLY}/packages/one`),
    ask("late", `-k https://${LATE}/`),
    "env > /var/tmp/environment",
  ].join("; ");
  const kit = {
    schemaVersion: "3",
    kind: "mixin",
    capabilities: [
      { type: "com.docker.sandbox/network-policy@2", config: { install: { allow: [{ hosts: [EARLY], methods: ["GET"], paths: ["/packages/**"] }] }, runtime: { allow: [LATE] } } },
      {
        type: "com.docker.sandbox/credential@1",
        config: { service: "forge", phase: "install", apiKey: { name: "FORGE_TOKEN", inject: [{ domain: EARLY, header: "Authorization", format: "Bearer %s" }] } },
      },
      { type: "com.docker.sandbox/lifecycle@1", config: { install: [{ command: hook, env: ["FORGE_TOKEN"] }] } },
    ],
  };
  writeFileSync(path.join(directory, "kit.yaml"), JSON.stringify(kit));
  return directory;
}

describe("a sandbox of a machine whose network has a proxy", () => {
  it("gives install hooks what is for them, through it, and nothing of it to what comes after", async ({ expect }) => {
    const kit = mixin();
    expect((await host.sbx(["secret", "set", "forge"], { input: SECRET })).code).toBe(0);
    expect((await host.sbx(["secret", "bind", "forge", "--host", EARLY])).code).toBe(0);
    const made = await host.sbx(["create", "-q", "--name", "behind", "--kit", kit, "shell"], { cwd });
    expect(made.code, made.stderr).toBe(0);
    const inside = async (script: string): Promise<string> => (await host.sbx(["exec", "behind", "sh", "-c", script])).stdout;
    expect(await inside("cat /var/tmp/said")).toMatch(/^200\n403\n(?:000\n)?\d+\n$/);
    expect(far.requests).toEqual([{ host: EARLY, method: "GET", url: "/packages/one", authorization: `Bearer ${SECRET}` }]);
    expect(far.asked).toEqual([`${EARLY}:443 person:word`]);
    const seen = await inside("cat /var/tmp/answer /var/tmp/environment; env; grep -rs forge-of-install /var /home /etc /tmp /proc/self/environ; id");
    expect(seen).toContain(`"authorization":"Bearer ${"*".repeat(SECRET.length)}"`);
    expect(seen).toMatch(/^FORGE_TOKEN=[A-Za-z0-9]{20,}$/m);
    expect(seen).toContain("uid=1000");
    expect(seen).not.toContain(SECRET);
    expect(await inside("printenv FORGE_TOKEN SSL_CERT_FILE; echo none")).toBe("none\n");
    const before = far.requests.length;
    expect(await inside(`curl -k -s -m 20 https://${EARLY}/packages/one; curl -k -s -m 20 https://${SHUT}/; echo over`)).toBe("over\n");
    expect(far.requests).toHaveLength(before);
    expect(await inside(`curl -k -s -m 20 https://${LATE}/any`)).toContain(`"host":"${LATE}"`);
    expect(far.requests.at(-1)).toEqual({ host: LATE, method: "GET", url: "/any", authorization: undefined });
    expect(far.asked.map((one) => one.split(":")[0])).toEqual([EARLY, LATE]);
    expect(JSON.stringify(await host.events())).not.toMatch(/forge-of-install|person:word/);
  }, 600_000);

  it("never passes the proxy by", async ({ expect }) => {
    await far[Symbol.asyncDispose]();
    const said = await host.sbx(["exec", "behind", "sh", "-c", `curl -k -s -m 20 https://${LATE}/; echo $?`]);
    expect(said.stdout).toMatch(/^(?:7|35|52|56)\n$/);
    const failed = (await host.events()).filter(({ type }) => type === "egress.failed");
    expect(String(failed.at(-1)?.fields["reason"])).toContain("the proxy at 127.0.0.1:");
  }, 120_000);
});
