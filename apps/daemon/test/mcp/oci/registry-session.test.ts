import { MockAgent } from "undici";
import { describe, it } from "vitest";
import { NotPublic } from "../../../src/web/public-addresses.ts";
import { RegistrySession } from "../../../src/mcp/oci/registry-session.ts";

const { signal } = new AbortController();

/** A session whose registry is at a public address or not, and how each address was asked for. Nothing else is public. */
function aSession({ isPublic, realm = "https://auth.registry.example.org" }: { readonly isPublic: boolean; readonly realm?: string }): { readonly session: RegistrySession; readonly asked: string[] } {
  const agent = new MockAgent();
  agent.disableNetConnect();
  const challenge = { "www-authenticate": `Bearer realm="${realm}/token",service="x"` };
  agent.get("https://registry.example.org").intercept({ path: "/v2/team/c/manifests/1" }).reply(401, "", { headers: challenge });
  agent
    .get(realm)
    .intercept({ path: /^\/token/ })
    .reply(200, { token: "t" });
  agent.get("https://registry.example.org").intercept({ path: "/v2/team/c/manifests/1" }).reply(200, "there");
  const asked: string[] = [];
  const session = new RegistrySession({
    registry: "registry.example.org",
    repository: "team/c",
    actions: "pull",
    credentials: { kind: "anonymous", why: "nobody logged in" },
    dispatcherOf: async (url, reach = "anywhere") => {
      asked.push(`${url.host} ${reach}`);
      if (reach === "public" && !(isPublic && url.host === "registry.example.org")) throw new NotPublic(`${url.host} is at no public address`);
      return await Promise.resolve(agent);
    },
  });
  return { session, asked };
}

describe("where a registry sends elsewhere", () => {
  for (const isPublic of [true, false]) {
    it(`bytes are fetched at public addresses alone, for a registry that is ${isPublic ? "public" : "private"}`, async ({ expect }) => {
      const { session, asked } = aSession({ isPublic });
      for (const to of ["https://blobs.internal.test/x", "https://10.0.0.1/x", "https://169.254.169.254/latest/meta-data"])
        await expect(session.ask({ method: "GET", url: new URL(to), maxBytes: 100 }, signal)).rejects.toMatchObject({ code: "REGISTRY_FAILED" });
      expect(asked).toEqual(["blobs.internal.test public", "10.0.0.1 public", "169.254.169.254 public"]);
    });
  }

  it("a token is not asked for in a private network, for a public registry", async ({ expect }) => {
    const { session, asked } = aSession({ isPublic: true });
    await expect(session.ask({ method: "GET", url: session.url("manifests/1"), maxBytes: 100 }, signal)).rejects.toMatchObject({ code: "REGISTRY_FAILED" });
    expect(asked.at(-1)).toBe("auth.registry.example.org public");
  });

  it("a private registry may give its tokens at another port of its own host, and at no other private host", async ({ expect }) => {
    const other = aSession({ isPublic: false });
    await expect(other.session.ask({ method: "GET", url: other.session.url("manifests/1"), maxBytes: 100 }, signal)).rejects.toMatchObject({ code: "REGISTRY_FAILED" });
    const { session } = aSession({ isPublic: false, realm: "https://registry.example.org:8443" });
    const answer = await session.ask({ method: "GET", url: session.url("manifests/1"), maxBytes: 100 }, signal);
    expect([answer.status, answer.body.toString()]).toEqual([200, "there"]);
  });
});
