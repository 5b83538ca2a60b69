import type { GuardImages } from "@sbx/docker-guard";
import { describe, it } from "vitest";
import { checkDockerPolicy, leavesReference, narrowRegistries } from "../../src/docker/docker-policy.ts";
import { createGuardImages } from "../../src/docker/guard-images.ts";
import { guardLimits } from "../../src/docker/guard-limits.ts";

describe("a Docker policy", () => {
  it("leaves the images that it names, and all when it names none", ({ expect }) => {
    const images = ["postgres:16", "ghcr.io/team/*"];
    for (const reference of ["postgres:16", "docker.io/library/postgres:16", "ghcr.io/team/app:1"]) expect(leavesReference({ images }, reference)).toBe(true);
    for (const reference of ["postgres:17", "ghcr.io/team/a/b", "ghcr.io/other/app", "a".repeat(64), `sha256:${"a".repeat(64)}`, "../x"]) expect(leavesReference({ images }, reference)).toBe(false);
    expect(leavesReference({ images: [] }, "postgres:16")).toBe(false);
    expect(leavesReference({}, "postgres:16")).toBe(true);
  });

  it("asks no registry for what it does not leave", async ({ expect }) => {
    const asked: string[] = [];
    const ask = (reference: string): Promise<never> => {
      asked.push(reference);
      return Promise.reject(new Error("asked"));
    };
    const narrow: Pick<GuardImages, "pull" | "push"> = narrowRegistries({ pull: ask, push: ask }, { images: ["postgres:16"] });
    const { signal } = new AbortController();
    await expect(narrow.pull("postgres:17", { architecture: "amd64" }, signal)).rejects.toMatchObject({ code: "EGRESS_DENIED" });
    await expect(narrow.push("ghcr.io/a/b:1", signal)).rejects.toMatchObject({ code: "EGRESS_DENIED" });
    expect(asked).toEqual([]);
    await expect(narrow.pull("postgres:16", { architecture: "amd64" }, signal)).rejects.toThrow("asked");
  });

  it("takes allowed images away, and never the sandbox's own", async ({ expect }) => {
    const nothing = () => Promise.reject(new Error("asked"));
    const images = createGuardImages({
      engine: () => Promise.resolve({ findImage: (reference) => Promise.resolve(`sha256:of-${reference}`) }),
      allowed: { images: () => Promise.resolve(["postgres:16", "redis:7"]) },
      record: { image: "sha256:own" },
      policy: { images: ["redis"] },
      registries: { pull: nothing, push: nothing },
    });
    expect((await images.list()).flatMap(({ tags }) => tags)).toEqual(["sbx/own:latest", "redis:7"]);
  });

  it("makes limits smaller and never larger", ({ expect }) => {
    expect(guardLimits({ memoryBytes: 2 ** 30 }, { limits: { memoryBytes: 2 ** 40, containers: 1000, cpus: 1, totalPids: 500 } })).toMatchObject({
      memoryBytes: 2 ** 30,
      containers: 32,
      cpus: 1,
      totalPids: 500,
      totalCpus: Number.POSITIVE_INFINITY,
    });
  });

  it("gives a container no more than any does, however large its sandbox is", ({ expect }) => {
    expect(guardLimits({ memoryBytes: 2 ** 40, cpus: 64 }, {})).toMatchObject({ memoryBytes: 4 * 2 ** 30, cpus: 4, pids: 2048 });
    expect(guardLimits({ cpus: 2 }, {})).toMatchObject({ memoryBytes: 4 * 2 ** 30, cpus: 2 });
  });

  it("is refused when it is made, where it has a pattern that is none", ({ expect }) => {
    expect(() => checkDockerPolicy({ version: 1, hosts: ["https://x"] })).toThrow();
    expect(() => checkDockerPolicy({ version: 1, images: ["*"] })).toThrow();
    expect(() => checkDockerPolicy({ version: 1, hosts: ["api.example.org"], images: ["postgres:16"] })).not.toThrow();
  });
});
