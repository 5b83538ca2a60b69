import { describe, it } from "vitest";
import { createServerIndex } from "../../src/search/server-index.ts";
import { anEntry } from "../an-entry.ts";

const ENTRIES = [
  anEntry({
    name: "github-official",
    title: "GitHub",
    description: "Repositories, issues and pull requests of GitHub.",
    tools: [{ name: "list_issues" }, { name: "create_pull_request" }],
    metadata: { tags: ["git", "devops"] },
  }),
  anEntry({
    name: "gitlab",
    title: "GitLab",
    description: "Projects, issues and merge requests of GitLab.",
    tools: [{ name: "list_issues" }, { name: "create_merge_request" }],
    metadata: { tags: ["git"] },
  }),
  anEntry({ name: "git", title: "Git", description: "Read and change a local Git repository.", tools: [{ name: "git_status" }] }),
  anEntry({ name: "playwright", title: "Playwright", description: "Drives a web browser.", tools: [{ name: "browser_click" }, { name: "browser_navigate" }] }),
  anEntry({ name: "puppeteer", title: "Puppeteer", description: "Drives Chrome, a browser.", tools: [{ name: "puppeteer_click" }] }),
  anEntry({ name: "postgres", title: "PostgreSQL", description: "Reads from a PostgreSQL database.", tools: [{ name: "query" }], metadata: { category: "database" } }),
  anEntry({ name: "sqlite", title: "SQLite", description: "A database in a file.", tools: [{ name: "read_query" }], metadata: { category: "database" } }),
  anEntry({
    name: "context7",
    title: "Context7",
    description: "Up-to-date documentation and examples of libraries.",
    tools: [
      { name: "get-library-docs", tokens: 200 },
      { name: "resolve-library-id", tokens: 300 },
    ],
  }),
  anEntry({ name: "arxiv", title: "arXiv", description: "Finds papers." }),
];
const index = createServerIndex(ENTRIES);
const found = (query: string): readonly string[] => index.search(query).map(({ entry }) => entry.name);

describe("a search", () => {
  for (const [query, first] of [
    ["github", "github-official"],
    ["github-official", "github-official"],
    ["github issues", "github-official"],
    ["merge requests", "gitlab"],
    ["browser", "playwright"],
    ["postgres", "postgres"],
    ["postgresql database", "postgres"],
    ["documentation of libraries", "context7"],
    ["library docs", "context7"],
    ["gihub", "github-official"],
    ["gihtub issue", "github-official"],
    ["playwrite", "playwright"],
    ["postgers", "postgres"],
    ["papers", "arxiv"],
    ["paper", "arxiv"],
    ["GIT", "git"],
    ["the sqlite server", "sqlite"],
  ] as const)
    it(`for "${query}" gives ${first} first`, ({ expect }) => {
      expect(found(query)[0]).toBe(first);
    });

  it("finds by category and by tool", ({ expect }) => {
    expect(found("database").slice(0, 2).toSorted()).toEqual(["postgres", "sqlite"]);
    expect(found("browser_click")[0]).toBe("playwright");
  });

  it("finds nothing where nothing is meant", ({ expect }) => {
    for (const query of ["", "   ", "of the", "zzzzqqqq", "*", "constructor", "__proto__"]) expect(found(query), query).toEqual([]);
  });

  it("says what tools cost when it knows of each of them", ({ expect }) => {
    expect(index.search("context7")[0]?.tokens).toBe(500);
    expect(index.search("playwright")[0]?.tokens).toBeUndefined();
    expect(index.search("arxiv")[0]?.tokens).toBeUndefined();
  });

  it("keeps to its limit", ({ expect }) => {
    expect(index.search("git", { limit: 1 })).toHaveLength(1);
  });

  it("is not held up by a long question", { timeout: 2000 }, ({ expect }) => {
    expect(found("playwrite ".repeat(100_000))[0]).toBe("playwright");
  });
});

describe("a large catalog", () => {
  const words = "page issue file query table chart message channel ticket cloud bucket queue".split(" ");
  const large = createServerIndex(
    Array.from({ length: 2000 }, (_, at) => anEntry({ name: `s${at}`, description: `Works with ${[1, 5].map((step) => words[(at * step) % words.length]).join(" and ")}.` })),
  );
  const descriptions = (query: string): readonly string[] => large.search(query).map(({ entry }) => entry.description ?? "");

  it("is found in by words that very many servers have, those first that have most of them", ({ expect }) => {
    expect(descriptions("file with message")).toHaveLength(10);
    for (const description of descriptions("issue chart").slice(0, 5)) expect(description).toMatch(/issue.*chart|chart.*issue/);
  });

  it("is found in by such words misspelled", ({ expect }) => {
    for (const description of descriptions("mesage")) expect(description).toContain("message");
    expect(descriptions("mesage")).toHaveLength(10);
    expect(descriptions("zzzzqqqq xxxxwwww")).toEqual([]);
  });
});

it("finds by exact name only, and nothing that objects have by themselves", ({ expect }) => {
  expect(index.find("git")?.title).toBe("Git");
  expect(index.find("GIT")).toBeUndefined();
  expect(index.find("constructor")).toBeUndefined();
});

it("is built at the first search and once", ({ expect }) => {
  let reads = 0;
  const entry = new Proxy(anEntry({ name: "watched" }), {
    get: (target, key) => {
      if (key === "description") reads += 1;
      return Reflect.get(target, key) as unknown;
    },
  });
  const watched = createServerIndex([entry]);
  expect(reads).toBe(0);
  watched.search("watched");
  watched.search("watched");
  expect(reads).toBe(1);
});
