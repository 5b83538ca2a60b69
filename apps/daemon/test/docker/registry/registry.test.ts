import fc from "fast-check";
import { AppError } from "@sbx/contracts";
import { Secret } from "@sbx/secret-injector";
import { describe, it } from "vitest";
import { digestOf, readManifest } from "../../../src/docker/registry/image-manifest.ts";
import { createRegistryImages } from "../../../src/docker/registry/registry-images.ts";
import { basicAuthorization } from "../../../src/docker/registry/registry-login.ts";
import { RegistryWays, type RegistryWaysParts } from "../../../src/docker/registry/registry-ways.ts";
import { startRegistry } from "../../mcp/support/registry.ts";

const HERE = { host: "registry.example.org", architecture: "amd64" };

describe("the login for a registry", () => {
  it("takes a login of one form, and shows no other", ({ expect }) => {
    expect(basicAuthorization(new Secret("me:pass:word\n"), "x")).toBe(`Basic ${Buffer.from("me:pass:word").toString("base64")}`);
    for (const text of ["", "token-without-user", ":x", "a:", "a b:c", "a:b\r\nX: y"]) expect(() => basicAuthorization(new Secret(text), "x")).toThrow(/^The secret "x" is no login of a registry$/);
  });
});

describe("what a registry says of an image", () => {
  it("is an image, one of a list, or an error of ours, whatever it says", ({ expect }) => {
    const piece = fc.oneof(
      fc.constantFrom("manifests", "layers", "config", "digest", "size", "mediaType", "platform", "os", "linux", "architecture", "amd64", "schemaVersion", `sha256:${"a".repeat(64)}`),
      fc.string(),
    );
    const { document } = fc.letrec((tie) => ({ document: fc.oneof({ depthSize: "small" }, piece, fc.integer(), fc.array(tie("document")), fc.dictionary(piece, tie("document"))) }));
    fc.assert(
      fc.property(document, (value) => {
        try {
          const read = readManifest(Buffer.from(JSON.stringify(value)), HERE);
          if (read.kind === "elsewhere") expect(read.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
          else for (const { digest } of read.manifest.layers) expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
        } catch (error) {
          expect(AppError.is(error) && error.code).toBe("REGISTRY_FAILED");
        }
      }),
    );
    for (const text of ['{"schemaVersion":2,"schemaVersion":2,"manifests":[]}', "[", "", '{"manifests":[]}\u0000', '{"schemaVersion":2,"manifests":[]}{}'])
      expect(() => readManifest(Buffer.from(text), HERE)).toThrow(/registry\.example\.org: /);
  });
});

describe("the ways to a registry", () => {
  const dialled: string[] = [];
  const world: RegistryWaysParts["world"] = {
    resolve: (name) => Promise.resolve([name === "inside.example.org" ? "10.1.2.3" : name === "rebound.example.org" ? "127.0.0.1" : "192.88.99.200"]),
    connect: ({ host = "" }) => {
      dialled.push(host);
      throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    },
    hostAddresses: () => [],
  };
  const refused = async (registry: string, url: string, rules: RegistryWaysParts["rules"] = () => []): Promise<unknown> => {
    dialled.length = 0;
    await using ways = new RegistryWays({ registry, rules, world });
    return await ways.fetch(new URL(url), { signal: AbortSignal.timeout(5000) }).then(
      () => "reached",
      (error: unknown) => (AppError.is(error) ? error.code : error),
    );
  };
  const rule = (effect: "allow" | "deny", to: string) => ({ id: "x", effect, to, layer: "user" as const });

  it.for([
    "https://rebound.example.org/v2/",
    "https://inside.example.org/v2/",
    "https://10.0.0.1/v2/",
    "https://169.254.169.254/latest",
    "https://127.0.0.1/v2/",
    "https://host.docker.internal/v2/",
    "https://model.sbx.internal/v2/",
    "http://registry.example.org/v2/",
    "https://me:pass@registry.example.org/v2/",
    "ftp://registry.example.org/",
  ])("do not lead to %s", async (url, { expect }) => {
    expect(await refused("registry.example.org", url)).toBe("EGRESS_DENIED");
    expect(dialled).toEqual([]);
  });

  it("lead to a private address where a rule names it, and to no host that is denied", async ({ expect }) => {
    expect(await refused("inside.example.org", "https://inside.example.org/v2/", () => [rule("allow", "10.1.0.0/16")])).toBe("REGISTRY_FAILED");
    expect(dialled).toEqual(["10.1.2.3"]);
    expect(await refused("inside.example.org", "https://inside.example.org/v2/", () => [rule("allow", "10.1.0.0/16"), rule("deny", "**.example.org")])).toBe("EGRESS_DENIED");
    expect(dialled).toEqual([]);
    // A name that the sandbox may reach is no name of a registry, and does not open one.
    expect(await refused("registry.example.org", "https://inside.example.org/v2/", () => [rule("allow", "inside.example.org")])).toBe("EGRESS_DENIED");
  });

  it("ask nobody where the rules cannot be read", async ({ expect }) => {
    const registry = await startRegistry();
    const broken = new AppError("CONFIG_INVALID", { message: "broken", fix: "Mend it." });
    const images = createRegistryImages({ registries: () => Promise.reject(broken), rules: () => [], login: () => Promise.resolve(undefined), scope: "" });
    await expect(images.pull(`${registry.host}/a:1`, HERE, AbortSignal.timeout(5000))).rejects.toBe(broken);
    await expect(images.push(`${registry.host}/a:1`, AbortSignal.timeout(5000))).rejects.toBe(broken);
    expect(registry.asked).toEqual([]);
  });

  it("keep what was verified: a manifest by its digest is that manifest or nothing", async ({ expect }) => {
    const registry = await startRegistry();
    const other = Buffer.from('{"schemaVersion":2}');
    const wanted = digestOf(Buffer.from("wanted"));
    registry.manifests.set(wanted, other);
    const images = createRegistryImages({
      registries: () => Promise.resolve([{ action: "pull", images: `${registry.host}/**` }]),
      rules: () => [],
      login: () => Promise.resolve(undefined),
      scope: "",
    });
    await expect(images.pull(`${registry.host}/a@${wanted}`, HERE, AbortSignal.timeout(5000))).rejects.toMatchObject({ code: "REGISTRY_FAILED" });
    await expect(images.pull(`${registry.host}/a:none`, HERE, AbortSignal.timeout(5000))).rejects.toMatchObject({ code: "IMAGE_UNAVAILABLE" });
  });
});
