import { readFile } from "node:fs/promises";
import { describe, it } from "vitest";
import { OLDEST_API } from "../src/http/check-version.ts";
import { GUARD_LIMITS } from "../src/limits.ts";

const GIB = 2 ** 30;

describe("docs/docker.md", () => {
  it("says the limits that hold", async ({ expect }) => {
    const text = await readFile(new URL("../../../docs/docker.md", import.meta.url), "utf8");
    const { containers, volumes, networks, images, imageBytes, execs, streams, connections, uploads, builds, buildMs, memoryBytes, cpus, pids } = GUARD_LIMITS;
    const rows = text.slice(text.indexOf("## How much"), text.indexOf("## Registries")).match(/\| ([\d, GiBmnutes]+) \|$/gmu) ?? [];
    expect(rows.map((row) => row.replaceAll("|", "").trim())).toEqual(
      [
        containers,
        volumes,
        networks,
        `${images}, ${imageBytes / GIB} GiB`,
        execs,
        streams,
        connections,
        uploads,
        `${builds}, ${buildMs / 60_000} minutes`,
        `${memoryBytes / GIB} GiB, ${cpus}, ${pids}`,
      ].map(String),
    );
    expect(text).toContain(`in the versions ${OLDEST_API} to 1.51 of the API`);
  });
});
