import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { test as base } from "vitest";
import { authorityFileName, extraAuthorities, hostAuthorities } from "../src/host-trust.ts";

const test = base.extend<{ directory: string }>({
  directory: async ({}, use) => {
    const directory = await mkdtemp(join(tmpdir(), "sbx-trust-"));
    await use(directory);
    await rm(directory, { recursive: true });
  },
});

async function certificate(directory: string, { authority }: { authority: boolean }): Promise<string> {
  const file = join(directory, authority ? "authority.pem" : "leaf.pem");
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-subj",
      "/CN=test",
      "-days",
      "1",
      "-keyout",
      join(directory, "key.txt"),
      "-out",
      file,
      "-addext",
      `basicConstraints=critical,CA:${authority ? "TRUE" : "FALSE"}`,
    ],
    { stdio: "ignore" },
  );
  return await readFile(file, "utf8");
}

const nowhere = { added: [], known: [] };

test("keeps what the public does not trust, once, and leaves public authorities out", async ({ expect, directory }) => {
  const own = await certificate(directory, { authority: true });
  const bundle = join(directory, "bundle.txt");
  await writeFile(bundle, `# a comment\n${rootCertificates.slice(0, 3).join("\n")}\n${own}`);
  const found = await extraAuthorities({ NODE_EXTRA_CA_CERTS: bundle, SSL_CERT_FILE: bundle }, { added: [directory], known: [] });
  expect(found).toEqual([own]);
  expect(found.map(authorityFileName)).toEqual([expect.stringMatching(/^host-[0-9a-f]{12}\.crt$/)]);
});

test("takes no private key and no certificate that is not an authority's", async ({ expect, directory }) => {
  const leaf = await certificate(directory, { authority: false });
  const bundle = join(directory, "bundle.txt");
  await writeFile(bundle, `${await readFile(join(directory, "key.txt"), "utf8")}${leaf}`);
  expect(await extraAuthorities({ SSL_CERT_FILE: bundle }, nowhere)).toEqual([]);
});

test("a file that is missing or broken counts as empty", async ({ expect, directory }) => {
  const broken = join(directory, "broken.txt");
  await writeFile(broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  expect(await extraAuthorities({ NODE_EXTRA_CA_CERTS: join(directory, "none"), SSL_CERT_FILE: broken }, nowhere)).toEqual([]);
  expect(await extraAuthorities({}, nowhere)).toEqual([]);
});

test("is told to others whole, with the public authorities, and not where there are only those", async ({ expect, directory }) => {
  const own = await certificate(directory, { authority: true });
  const bundle = join(directory, "bundle.txt");
  await writeFile(bundle, own);
  const all = (await hostAuthorities({ SSL_CERT_FILE: bundle }, nowhere)) ?? "";
  const blocks = all.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
  expect(blocks.join("")).toBe(all);
  expect(blocks.map((pem) => pem.trim())).toEqual([...rootCertificates.map((pem) => pem.trim()), own.trim()]);
  await writeFile(bundle, rootCertificates.slice(0, 3).join("\n"));
  expect(await hostAuthorities({ SSL_CERT_FILE: bundle }, nowhere)).toBeUndefined();
});
