import { ServerEntry, ServerProfile } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { readCatalog } from "../../src/read/read-catalog.ts";
import { readProfile } from "../../src/read/read-profile.ts";
import { writeCatalog, writeProfile } from "../../src/write/write-catalog.ts";
import { writeDockerCatalog, writeDockerProfile } from "../../src/write/write-docker.ts";
import { anEntry } from "../an-entry.ts";

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/);
const variable = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,10}$/);
/** Texts that a careless writer of YAML would give back as something else. */
const text = fc.oneof(
  fc.constantFrom("yes", "null", "1.0", "0x1", "~", "- a", "a: b", "#", "'", '"', "&a", "*a", "!x", "{{box.a|volume|into}}", "two\nlines", "@x", "%", "?", "<<", "2026-01-01", ""),
  fc.string({ maxLength: 30 }).map((value) => value.replaceAll(/[^\P{Cc}\n]|\p{Cf}|[\u2028\u2029]/gu, "").trim()),
);
const source = fc.oneof(
  fc.constant({ kind: "image", image: "ghcr.io/acme/box:1" }),
  fc.constant({ kind: "npm", package: "@acme/box", version: "1.2.3", program: "box" }),
  fc.constant({ kind: "pypi", package: "box", version: "1.2.3" }),
  fc.constant({ kind: "bundle", from: "https://acme.example/b.mcpb", sha256: "d".repeat(64) }),
  fc.record({
    kind: fc.constant("remote"),
    url: fc.constant("https://acme.example/mcp"),
    transport: fc.constantFrom("sse", "streamable-http"),
    headers: fc.constantFrom({}, { Authorization: "Bearer ${KEY}" }),
  }),
);
const entry = fc
  .record(
    {
      name,
      source,
      title: text.map((value) => value.replaceAll("\n", " ").trim()),
      description: text,
      command: fc.array(text, { maxLength: 3 }),
      volumes: fc.array(text, { maxLength: 2 }),
      user: text,
      env: fc.array(fc.record({ name: variable, value: text }), { maxLength: 2 }),
      secrets: fc.array(fc.record({ name: name, env: variable, required: fc.boolean(), description: text }, { requiredKeys: ["name", "env"] }), { maxLength: 2 }),
      config: fc.array(
        fc.dictionary(
          fc.constantFrom("name", "type", "properties"),
          fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "p")) as unknown),
        ),
        { maxLength: 1 },
      ),
      oauth: fc.constant({ providers: [{ provider: "p", secret: "s", env: "E" }], scopes: ["a"] }),
      allowHosts: fc.array(
        text.filter((value) => value !== ""),
        { maxLength: 2 },
      ),
      disableNetwork: fc.boolean(),
      longLived: fc.boolean(),
      prefix: name,
      tools: fc.array(fc.record({ name: name, description: text, tokens: fc.nat(1000) }, { requiredKeys: ["name"] }), { maxLength: 3 }),
      metadata: fc.record({ category: text, tags: fc.array(text, { maxLength: 2 }), license: text, owner: text, homepage: text }, { requiredKeys: [] }),
    },
    { requiredKeys: ["name", "source"] },
  )
  .map((value) => ServerEntry.parse(value));
const entries = fc.uniqueArray(entry, { maxLength: 4, selector: (value) => value.name });
const sorted = (servers: readonly ServerEntry[]) => servers.toSorted((a, b) => (a.name < b.name ? -1 : 1));

describe("a catalog that is written", () => {
  it("is read back as it was, in our form", ({ expect }) => {
    fc.assert(
      fc.property(entries, (servers) => {
        const read = readCatalog(writeCatalog({ title: "T", servers }));
        expect(read.servers).toEqual(servers);
        expect(read.form).toBe("sbx");
      }),
    );
  });

  it("is read back as it was, in Docker's form, but for the order of names that are numbers", ({ expect }) => {
    fc.assert(
      fc.property(entries, (servers) => {
        const { text: written, warnings } = writeDockerCatalog({ title: "T", servers });
        const read = readCatalog(written);
        expect(sorted(read.servers)).toEqual(sorted(servers));
        expect(warnings).toHaveLength(servers.filter(({ source: { kind } }) => kind !== "image" && kind !== "remote").length);
      }),
    );
  });

  it("holds nothing that is as it would be anyway", ({ expect }) => {
    expect(writeCatalog({ servers: [anEntry()] })).toBe("version: 1\nservers:\n  - name: box\n    source:\n      kind: image\n      image: example/box:1\n");
  });
});

describe("a profile that is written", () => {
  const profile = ServerProfile.parse({
    version: 1,
    id: "dev",
    name: "Dev: yes",
    servers: [
      { name: "a", config: { x: ["-v", "null"] } },
      { name: "b", tools: [] },
      { name: "c", tools: ["t"] },
    ],
  });
  const known = ["a", "b", "c"].map((called) => anEntry({ name: called }));

  it("is read back as it was, in our form", ({ expect }) => {
    expect(readProfile(writeProfile(profile)).profile).toEqual(profile);
  });

  it("is read back as it was, in Docker's form", ({ expect }) => {
    const { text: written, warnings } = writeDockerProfile(profile, (called) => known.find((candidate) => candidate.name === called));
    const read = readProfile(written);
    expect(warnings).toEqual([]);
    expect(read.profile).toEqual(profile);
    expect(read.servers).toEqual(known);
  });

  it("leaves out in Docker's form what no catalog has", ({ expect }) => {
    const { text: written, warnings } = writeDockerProfile(profile, (called) => known.find((candidate) => candidate.name === called && called !== "b"));
    expect(readProfile(written).profile.servers.map((server) => server.name)).toEqual(["a", "c"]);
    expect(warnings).toEqual(['"b" is left out: no catalog has it']);
  });
});
