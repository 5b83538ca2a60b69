import { AppError, SandboxId } from "@sbx/contracts";
import { Secret } from "@sbx/secret-injector";
import fc from "fast-check";
import { describe, it } from "vitest";
import { dataVolume } from "../../src/server/data-volumes.ts";
import { authorityVariables, checkTarget, serverContainer, serverUser } from "../../src/server/server-container.ts";
import type { ServerLaunch } from "../../src/server/server-launch.ts";

const BOX = SandboxId.parse("sbx_aaaaaaaa");

function aLaunch(changes: Partial<ServerLaunch> = {}): ServerLaunch {
  return {
    server: "search",
    sandbox: BOX,
    image: "sha256:1",
    command: ["server", "--stdio"],
    workdir: "/app",
    env: { LEVEL: "info" },
    secrets: { TOKEN: new Secret("hunter2") },
    volumes: [],
    scratch: [],
    rules: [],
    purpose: "run",
    hosts: [],
    limits: { cpus: 1, memoryBytes: 2 ** 31, pids: 256 },
    ...changes,
  };
}

const PARTS = {
  name: "sbx-mcp-x",
  gate: "g",
  labels: {},
  user: { uid: 60_800, gid: 60_800 },
  mounts: [],
  holdProgram: "/state/hold",
  files: { passwd: "/state/p", group: "/state/g", hosts: "/state/h", resolver: "/state/r" },
};

describe("the container of a server", () => {
  it("is read-only, without capabilities, limited, in its gate's network, and says nothing of secrets", ({ expect }) => {
    const spec = serverContainer(aLaunch(), PARTS);
    expect(spec).toMatchObject({
      command: ["/.sbx/hold", "init"],
      env: { HOME: "/home/mcp" },
      user: "60800:60800",
      readonlyRoot: true,
      capabilities: [],
      network: { kind: "join", container: "g" },
      limits: { cpus: 1, memoryBytes: 2 ** 31, pids: 256 },
    });
    expect(spec.seccomp).not.toBe("default");
    expect(JSON.stringify(spec)).not.toMatch(/hunter2|TOKEN|LEVEL|--stdio/);
    expect(spec.mounts.flatMap((mount) => (mount.kind === "bind" && !mount.readonly ? [mount.target] : []))).toEqual([]);
  });

  it("has memory where its image wants to write, and not where something else is mounted", ({ expect }) => {
    const mounts = [{ kind: "volume", source: "v", target: "/data" }] as const;
    const spec = serverContainer(aLaunch({ scratch: ["/data", "/cache", "/tmp"] }), { ...PARTS, mounts });
    expect(spec.mounts.filter(({ kind }) => kind === "tmpfs").map(({ target }) => target)).toEqual(["/home/mcp", "/tmp", "/run", "/cache"]);
  });
});

describe("whom a server trusts", () => {
  it("is what its image says, unless this machine has authorities of its own: then all of these, read-only, in a place that is ours", ({ expect }) => {
    expect(JSON.stringify(serverContainer(aLaunch(), PARTS))).not.toContain("ca.pem");
    expect(authorityVariables(aLaunch())).toEqual({});
    const spec = serverContainer(aLaunch({ authorities: "PEM" }), { ...PARTS, files: { ...PARTS.files, authorities: "/state/ca.pem" } });
    expect(spec.mounts).toContainEqual({ kind: "bind", source: "/state/ca.pem", target: "/.sbx/ca.pem", readonly: true });
    expect(spec.env).toEqual({ HOME: "/home/mcp" });
    expect(authorityVariables(aLaunch({ authorities: "PEM" }))).toMatchObject({ SSL_CERT_FILE: "/.sbx/ca.pem", NODE_EXTRA_CA_CERTS: "/.sbx/ca.pem", REQUESTS_CA_BUNDLE: "/.sbx/ca.pem" });
  });
});

describe("the user of a server", () => {
  it("is the same at every start, another for another sandbox or server, and nobody's elsewhere", ({ expect }) => {
    expect(serverUser(aLaunch())).toEqual(serverUser(aLaunch()));
    fc.assert(
      fc.property(fc.string(), (server) => {
        const { uid, gid } = serverUser({ sandbox: BOX, server });
        return uid === gid && uid >= 60_706 && uid <= 61_183;
      }),
    );
    const ids = new Set(Array.from({ length: 100 }, (_, index) => serverUser({ sandbox: BOX, server: `s${index}` }).uid));
    expect(ids.size).toBeGreaterThan(60);
  });
});

describe("a volume of a server", () => {
  it("has one name for one server of one sandbox, and no two share one, whatever they are called", ({ expect }) => {
    const names = new Set<string>();
    const names3 = fc.tuple(
      fc.constantFrom<SandboxId | undefined>(BOX, SandboxId.parse("sbx_bbbbbbbb"), undefined),
      fc.stringMatching(/^[A-Za-z0-9._-]{1,8}$/),
      fc.stringMatching(/^[A-Za-z0-9._-]{1,8}$/),
    );
    const all = fc.sample(fc.uniqueArray(names3, { minLength: 200, maxLength: 200, selector: (one) => JSON.stringify(one) }), 1)[0] ?? [];
    for (const [sandbox, server, name] of all) names.add(dataVolume({ sandbox, server }, name));
    expect(names.size).toBe(all.length);
    for (const name of names) expect(name).toMatch(/^sbx-mcp-data-[0-9a-f]{24}$/);
  });
});

describe("the target of a volume", () => {
  it.for(["/data", "/home/mcp/.cache", "/app/dist", "/etc/app", "/tmp/x", "/.sbxx", "/process"])("may be %s", (target, { expect }) => {
    expect(() => checkTarget("search", target)).not.toThrow();
  });

  it.for(["/", "", "data", "./data", "/.sbx", "/.sbx/hold", "/etc", "/etc/hosts", "/proc/1", "/sys", "/dev/shm", "/a/../.sbx", "/a/./b", "/a//b", "/a/", "/a\nb", "/a\0b"])(
    "is never %j",
    (target, { expect }) => {
      expect(() => checkTarget("search", target)).toThrow(expect.objectContaining({ code: "CATALOG_INVALID" }));
    },
  );

  it("is refused with a problem and nothing else, and never lets a place of ours through", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("", ".", "..", ".sbx", "hold", "etc", "proc", "data", "x"), { maxLength: 5 }), (segments) => {
        const target = `/${segments.join("/")}`;
        try {
          checkTarget("search", target);
        } catch (error) {
          return AppError.is(error);
        }
        return !/^\/(\.sbx|proc|sys|dev)(\/|$)/.test(target) && !segments.includes("..") && target !== "/etc";
      }),
    );
  });
});
