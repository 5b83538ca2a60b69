import { once } from "node:events";
import { createServer, Socket } from "node:net";
import type { Connect } from "@sbx/egress-proxy";
import { describe, it } from "vitest";
import { dialFromThere } from "../../src/beside/dial-from-there.ts";
import { noRawSocket } from "../../src/beside/no-raw-socket.ts";

describe("a daemon beside its engine", () => {
  it.for(["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:0:0:1"])(
    "dials nothing at the engine's machine by its loopback: %s",
    async (host, { expect }) => {
      let met = 0;
      const server = createServer(() => (met += 1)).listen(0, "::");
      await once(server, "listening");
      const address = server.address();
      const port = address === null || typeof address === "string" ? 0 : address.port;
      const socket = dialFromThere()({ host, port });
      const [error] = (await once(socket, "error").catch((thrown: unknown) => [thrown])) as [Error & { readonly code: string }];
      expect(error.code).toBe("it is the engine's machine's own");
      await new Promise((resolve) => {
        server.close(resolve);
      });
      expect(met).toBe(0);
    },
  );

  it("dials every other address as it was asked to", ({ expect }) => {
    const dialled: unknown[] = [];
    const connect: Connect = (options) => {
      dialled.push(options);
      return new Socket();
    };
    for (const host of ["192.0.2.1", "10.0.0.1", "2001:db8::1", "128.0.0.1"]) dialFromThere(connect)({ host, port: 1, noDelay: true });
    expect(dialled).toEqual(["192.0.2.1", "10.0.0.1", "2001:db8::1", "128.0.0.1"].map((host) => ({ host, port: 1, noDelay: true })));
  });

  it("gives no agent the engine's own socket, as it cannot read what is forbidden", async ({ expect }) => {
    await expect(noRawSocket({ engine: "unix:///e" }).checkRawSocket()).rejects.toMatchObject({ code: "ENGINE_ELSEWHERE" });
  });
});
