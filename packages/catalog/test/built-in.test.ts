import { readFileSync } from "node:fs";
import type { ServerConfig } from "@sbx/contracts";
import { describe, it } from "vitest";
import { judgeServer } from "../src/govern/judge-server.ts";
import { planServer } from "../src/plan/plan-server.ts";
import { readCatalog } from "../src/read/read-catalog.ts";
import { createServerIndex } from "../src/search/server-index.ts";
import { writeCatalog } from "../src/write/write-catalog.ts";

const TEXT = readFileSync(new URL("../catalogs/builtin.yaml", import.meta.url), "utf8");
const { servers, warnings, form, title } = readCatalog(TEXT, { file: "builtin.yaml" });

/** What a person would set for each server that wants anything set. */
const CONFIGS: Readonly<Record<string, ServerConfig>> = {
  git: { paths: ["/home/ann/app"] },
  filesystem: { paths: ["/home/ann/app", "/home/ann/notes"] },
  "desktop-commander": { paths: ["/home/ann/app"] },
  excel: { paths: ["/home/ann/app"] },
  eslint: { paths: ["/home/ann/app"] },
  postgres: { host: "db.example.org" },
  mysql: { host: "db.example.org", port: 3307 },
  sqlite: { directory: "/home/ann/data", file: "app.db" },
  redis: { host: "redis.example.org" },
  mongodb: { host: "mongo.example.org" },
  elasticsearch: { host: "logs.example.org" },
  slack: { team_id: "T1" },
  grafana: { host: "grafana.example.org" },
  kubernetes: { config_path: "/home/ann/kubeconfig", host: "k8s.example.org" },
};

describe("the built-in catalog", () => {
  it("is read without a warning, and stands as it would be written", ({ expect }) => {
    expect(warnings).toEqual([]);
    expect(form).toBe("sbx");
    expect(servers.length).toBeGreaterThanOrEqual(30);
    expect(TEXT.replaceAll(/^#.*\n/gm, "")).toBe(writeCatalog({ servers, ...(title === undefined ? {} : { title }) }));
  });

  it("says of each server what it is and where it comes from", ({ expect }) => {
    for (const { name, title, description, metadata } of servers) {
      expect(
        [title, description, metadata.category, metadata.owner].every((text) => (text ?? "") !== ""),
        name,
      ).toBe(true);
      expect(metadata.homepage, name).toMatch(/^https:\/\//);
    }
  });

  it("has these images without a digest, and no other", ({ expect }) => {
    expect(servers.flatMap(({ name, source }) => (source.kind === "image" && !source.image.includes("@sha256:") ? [name] : []))).toEqual([
      "github-official",
      "puppeteer",
      "slack",
      "grafana",
      "terraform",
    ]);
  });

  it("gives secrets to their own server only", ({ expect }) => {
    const OWNERS: Readonly<Record<string, string>> = { "github-official": "github", "github-remote": "github", "context7-local": "context7" };
    for (const { name, secrets, oauth } of servers)
      for (const secret of [...secrets.map((declared) => declared.name), ...(oauth?.providers.map((provider) => provider.secret) ?? [])])
        expect(secret.split(".")[0], secret).toBe(OWNERS[name] ?? name);
  });

  it("has at least twenty packages whose tools were listed, each with its cost", ({ expect }) => {
    const listed = servers.filter(({ source, tools }) => (source.kind === "npm" || source.kind === "pypi") && tools.length > 0);
    expect(listed.length).toBeGreaterThanOrEqual(20);
    for (const { name, tools } of listed)
      expect(
        tools.every(({ tokens }) => tokens !== undefined && tokens > 0),
        name,
      ).toBe(true);
  });

  it("can be planned, every server of it", ({ expect }) => {
    for (const entry of servers) {
      const plan = planServer(entry, CONFIGS[entry.name]);
      expect(plan.network.kind, entry.name).toBe(entry.allowHosts.length === 0 ? "none" : "allow");
      expect(plan.args.join(" "), entry.name).not.toMatch(/\{\{|\}\}/);
    }
  });

  it("mounts what its person named and nothing else of the machine", ({ expect }) => {
    const mounted = servers.flatMap((entry) => planServer(entry, CONFIGS[entry.name]).volumes.flatMap(({ source }) => (source.kind === "path" ? [`${entry.name} ${source.path}`] : [])));
    const named = new Set(Object.entries(CONFIGS).flatMap(([name, config]) => Object.values(config).flatMap((value) => [value].flat().map((path) => `${name} ${String(path)}`))));
    expect(mounted.length).toBeGreaterThan(5);
    expect(mounted.filter((path) => !named.has(path))).toEqual([]);
  });

  it("opens every host for browsers and fetch alone", ({ expect }) => {
    expect(servers.filter(({ allowHosts }) => allowHosts.some((host) => host.startsWith("*:"))).map(({ name }) => name)).toEqual(["fetch", "playwright", "chrome-devtools", "puppeteer"]);
  });

  it("is used unasked", ({ expect }) => {
    for (const entry of servers) expect(judgeServer([], entry, { catalog: "builtin" }).effect).toBe("allow");
  });
});

describe("a search in the built-in catalog", () => {
  const index = createServerIndex(servers);
  for (const [query, first] of [
    ["github-official", "github-official"],
    ["github issues", "github-official"],
    ["gihub", "github-official"],
    ["postgres", "postgres"],
    ["playwrite", "playwright"],
    ["browser", "playwright"],
    ["documentation of libraries", "context7"],
    ["read local files", "filesystem"],
    ["merge request", "gitlab"],
    ["current time in a time zone", "time"],
    ["notion", "notion"],
    ["papers", "arxiv"],
  ] as const)
    it(`for "${query}" has ${first} among its first three`, ({ expect }) => {
      expect(
        index
          .search(query)
          .slice(0, 3)
          .map(({ entry }) => entry.name),
      ).toContain(first);
    });
});
