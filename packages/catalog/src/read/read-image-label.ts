import { describeIssue } from "../document/describe-issue.ts";
import { readSource } from "../document/read-source.ts";
import { DockerEntry, readDockerEntry } from "./docker-entry.ts";
import { leftOut } from "./check-entry.ts";
import { mapOf } from "./read-docker-catalog.ts";
import type { ServersRead } from "./servers-read.ts";

/** The label in which an image describes the server in it. */
export const IMAGE_LABEL = "io.docker.server.metadata";

/**
 * Read the label {@link IMAGE_LABEL} of an image. Whoever built the image wrote it, so it says what the server is called
 * and offers, never what it may have: no command, volume, user, host, secret, address or sign-in is taken from it. Of
 * its environment only what fills in the server's own configuration is.
 *
 * @throws AppError `CATALOG_INVALID` with line and column. Nothing else.
 */
export function readImageLabel(text: string, { image }: { readonly image: string }): ServersRead {
  const source = readSource(text, `label ${IMAGE_LABEL}`);
  const fields = new Map(mapOf(source, [], source.value));
  const written = fields.get("name");
  const place = { source, path: [], name: typeof written === "string" ? written : nameOf(image) };
  const parsed = DockerEntry.safeParse(source.value);
  const { entry, warnings } = parsed.success ? readDockerEntry(place, safeFields(parsed.data), { image }) : leftOut(place, describeIssue(parsed.error).message);
  const dropped = REFUSED.filter((key) => present(fields.get(key))).map((key) => source.warn([key], `${key} is not taken from an image's label`));
  return { servers: entry === undefined ? [] : [entry], warnings: [...warnings, ...dropped] };
}

const REFUSED = ["command", "volumes", "user", "extraHosts", "allowHosts", "secrets", "remote", "sseEndpoint", "oauth", "source"];

function safeFields({ title, description, icon, readme, env, tools, config, prefix, metadata, type }: DockerEntry): Partial<DockerEntry> {
  return { title, description, icon, readme, env: env.filter(({ value }) => /^\{\{[^{}]*\}\}$/.test(value ?? "")), tools, config, prefix, metadata, type: type === "poci" ? "poci" : "server" };
}

const present = (value: unknown): boolean => value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);

/** Of `ghcr.io/acme/tool:1.2@sha256:…`: `tool`. */
function nameOf(image: string): string {
  const [path = ""] = image.split("@");
  return (path.split("/").at(-1) ?? "").split(":")[0] ?? "";
}
