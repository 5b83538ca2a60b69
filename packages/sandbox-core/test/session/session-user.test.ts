import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { refuseOtherUser } from "../../src/session/session-user.ts";

const box = { user: "1234:1235", name: "shell-app" };

function asked(user: string | undefined): string {
  try {
    refuseOtherUser(user, box);
    return "taken";
  } catch (error) {
    return AppError.is(error) ? `${error.code}: ${error.message}` : String(error);
  }
}

describe("the user of a session", () => {
  it.for([undefined, "agent", "agent:agent", "1234", "1234:1235"])("may be the sandbox's own, named as %s", (user, { expect }) => {
    expect(asked(user)).toBe("taken");
  });

  it("may be that of its image, where the sandbox runs as that one", ({ expect }) => {
    const own = { ...box, account: { name: "bob", uid: 1234, gid: 1235 } };
    for (const user of ["bob", "bob:bob", "1234"]) expect(() => refuseOtherUser(user, own)).not.toThrow();
    for (const user of ["agent", "bob:agent", "root"]) expect(() => refuseOtherUser(user, own)).toThrow(AppError);
  });

  it.for(["root", "0", "00", "0:0", "root:agent", "0:1235"])("is never root, as %s", (user, { expect }) => {
    expect(asked(user)).toBe("USAGE: Nobody is root in a sandbox");
  });

  it.for(["1", "1235", "1234:0", "1234:1", "1234:", ":1235", "agent:root", "www-data", "+1234", "01234", "4294968530", ""])("is nobody else, as %s", (user, { expect }) => {
    expect(asked(user)).toMatch(/^USAGE: /);
  });
});
