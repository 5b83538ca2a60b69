import { describe, it } from "vitest";
import { timeZoneOf } from "../src/time-zone.ts";

const leadsTo = (target: string) => (): string => target;

describe("the time zone of a machine", () => {
  it.for([
    [{ TZ: "Europe/Oslo" }, "/usr/share/zoneinfo/Asia/Tokyo", "Europe/Oslo"],
    [{ TZ: ":America/Argentina/Buenos_Aires" }, "/x", "America/Argentina/Buenos_Aires"],
    [{}, "../usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"],
    [{}, "/usr/share/zoneinfo/Etc/UTC", "UTC"],
    [{}, "/usr/share/zoneinfo/Etc/GMT+3", "Etc/GMT+3"],
    [{ TZ: "" }, "/usr/share/zoneinfo/UTC", "UTC"],
    [{ TZ: "/etc/passwd" }, "/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"],
    [{ TZ: "<+03>-3\nX=y" }, "/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"],
  ] as const)("is what %j or the link to %s says: %s", ([environment, target, zone], { expect }) => {
    expect(timeZoneOf(environment, leadsTo(target))).toBe(zone);
  });

  it.for(["/etc/passwd", "/usr/share/zoneinfo/../../etc/passwd", "/usr/share/zoneinfo/"])("is asked for where the link leads to none: %s", (target, { expect }) => {
    expect(timeZoneOf({}, leadsTo(target))).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
  });
});
