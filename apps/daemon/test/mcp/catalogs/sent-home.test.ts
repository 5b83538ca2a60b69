import { MockAgent } from "undici";
import { describe, it } from "vitest";
import { createFetchText } from "../../../src/mcp/catalogs/fetch-text.ts";
import { createCatalogTransport } from "../../../src/mcp/oci/catalog-transport.ts";
import { directory } from "../support/directory.ts";

const HOME = ["http://127.0.0.1:1/x", "http://localhost:1/x", "https://127.0.0.1:1/x", "http://[::1]:1/x"];

/** Answers for one host with this, and remembers what was asked of any other. */
function theWeb(status: number, headers: Readonly<Record<string, string>>) {
  const agent = new MockAgent();
  agent.disableNetConnect();
  const asked: string[] = [];
  agent
    .get("https://evil.example.org")
    .intercept({ path: () => true, method: "GET" })
    .reply(status, "", { headers })
    .persist();
  return { asked, dispatcherOf: async (url: URL) => await Promise.resolve((asked.push(url.host), agent)) };
}

describe("somebody else's address that sends to this machine", () => {
  it.for(HOME)("is not followed when a catalog is read: %s", async (location, { expect }) => {
    const { asked, dispatcherOf } = theWeb(302, { location });
    await expect(createFetchText(dispatcherOf)("https://evil.example.org/c.yaml", new AbortController().signal)).rejects.toThrow("it sends to this machine itself");
    expect(asked).toEqual(["evil.example.org"]);
  });

  it.for(HOME)("is not asked for a token: %s", async (realm, { expect }) => {
    const { asked, dispatcherOf } = theWeb(401, { "www-authenticate": `Bearer realm="${realm}",service="s"` });
    const transport = createCatalogTransport({ dockerConfigDirectory: directory(), dispatcherOf });
    await expect(transport.pull("evil.example.org/team/catalog:1", new AbortController().signal)).rejects.toThrow("it sends to this machine itself");
    expect(new Set(asked)).toEqual(new Set(["evil.example.org"]));
  });
});
