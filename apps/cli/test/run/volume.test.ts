import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { directoryOfVolume } from "../../src/run/workspace-path.ts";

const place = { cwd: "/srv/app", home: "/home/someone" };

describe("a volume as other tools write it", () => {
  it.for([
    ["/srv/data:/srv/data", "/srv/data"],
    ["/srv/data:/srv/data:ro", "/srv/data:ro"],
    ["/srv/data:/srv/data:readonly", "/srv/data:ro"],
    ["/srv/data:/srv/data:rw", "/srv/data"],
    ["/srv/data", "/srv/data"],
    ["/srv/data:ro", "/srv/data:ro"],
    ["./lib:/srv/app/lib:ro", "./lib:ro"],
    ["~/x:/home/someone/x", "~/x"],
  ])("is a further directory where both sides are one: %s", ([text = "", wanted], { expect }) => {
    expect(directoryOfVolume(text, place)).toBe(wanted);
  });

  it.for(["data:/data", "data", "/srv/data:/data", "/srv/data:/data:ro", "/a:/a:/a", "/a:/a:ro:ro", "", ":", "/srv:/srv/../etc", "/srv/data:"])("is refused otherwise: %s", (text, { expect }) => {
    let code = "taken";
    try {
      directoryOfVolume(text, place);
    } catch (error) {
      code = AppError.is(error) ? error.code : "another error";
    }
    expect(code).toBe("USAGE");
  });
});
