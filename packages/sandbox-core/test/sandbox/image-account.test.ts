import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { imageAccount } from "../../src/sandbox/image-account.ts";

const profile = { name: "kit", account: "bob", home: "/home/bob" };

async function accountIn(passwd: string, wanted = profile): Promise<unknown> {
  try {
    return await imageAccount({ readFile: () => Promise.resolve(Buffer.from(passwd)) } as never, "image", wanted);
  } catch (error) {
    return AppError.is(error) ? `${error.code}: ${error.message}` : error;
  }
}

describe("the account of an image", () => {
  it("is what its /etc/passwd says", async ({ expect }) => {
    expect(await accountIn("root:x:0:0:root:/root:/bin/sh\nbob:x:1234:1235::/home/bob:/bin/bash\n")).toEqual({ account: { name: "bob", uid: 1234, gid: 1235 } });
  });

  it("is nobody's own where the floor's is wanted, and the image is not even looked at", async ({ expect }) => {
    expect(await imageAccount({ readFile: () => Promise.reject(new Error("looked at")) } as never, "image", { name: "kit", account: "agent", home: "/home/agent" })).toEqual({});
  });

  it.for([
    ["is not there", "bobby:x:1234:1234::/home/bob:/bin/sh\n"],
    ["is root by number", "bob:x:0:1234::/home/bob:/bin/sh\n"],
    ["is of root's group", "bob:x:1234:0::/home/bob:/bin/sh\n"],
    ["has no number", "bob:x:x:1234::/home/bob:/bin/sh\n"],
    ["has a number that others read as another", "bob:x:01234:1234::/home/bob:/bin/sh\n"],
    ["has a number beyond those of users", "bob:x:4294968530:1234::/home/bob:/bin/sh\n"],
    ["lives elsewhere", "bob:x:1234:1234::/root:/bin/sh\n"],
    ["has nothing but a name", "bob:\n"],
  ] as const)("is refused when its user %s", async ([, passwd], { expect }) => {
    expect(await accountIn(passwd)).toMatch(/^KIT_UNSUPPORTED: Kit "kit" wants to run as "bob"/);
  });
});
