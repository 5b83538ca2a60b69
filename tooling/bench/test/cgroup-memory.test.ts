import { describe, it } from "vitest";
import { memoryFile } from "../src/cgroup-memory.ts";

describe("where a control group's memory stands", () => {
  it("is the memory hierarchy of version 1, wherever it is listed", ({ expect }) => {
    expect(memoryFile("8:pids:/a\n4:cpu,memory:/docker/x\n0::/docker/y\n")).toBe("memory/docker/x/memory.usage_in_bytes");
  });

  it("is the one hierarchy of version 2", ({ expect }) => {
    expect(memoryFile("0::/system.slice/docker-x.scope\n")).toBe("system.slice/docker-x.scope/memory.current");
  });

  it("is nowhere when nothing is listed", ({ expect }) => {
    expect(memoryFile("")).toBeUndefined();
  });
});
