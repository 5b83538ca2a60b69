import type { ServerConfig, ServerEntry } from "@sbx/contracts";
import { configRefused, entryRefused, valueChecks } from "./check-value.ts";
import { evaluate, textOf, type Piece } from "./evaluate.ts";
import type { PlannedVolume } from "./server-plan.ts";

const VOLUME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/**
 * Evaluate and parse `source:target[:ro]`. A path of the host has to begin with what the configuration says: no catalog
 * hands out a directory of its reader's machine.
 *
 * @throws AppError `CATALOG_INVALID`, `CONFIG_INVALID`
 */
export function planVolumes({ name, volumes }: ServerEntry, config: ServerConfig): readonly PlannedVolume[] {
  const scope = { server: name, config, check: valueChecks(name).path };
  const planned = volumes.flatMap((text) =>
    evaluate(text, scope)
      .filter(({ empty }) => !empty)
      .map(({ pieces }) => planVolume(name, pieces)),
  );
  const targets = new Set<string>();
  for (const { target } of planned) {
    if (targets.has(target)) throw entryRefused(name, `two volumes have the target ${target}`);
    targets.add(target);
  }
  return planned;
}

function planVolume(server: string, pieces: readonly Piece[]): PlannedVolume {
  const text = textOf(pieces);
  // A colon after the letter of a drive is part of the path.
  const drive = /^[A-Za-z]:[\\/]/.test(text) ? 2 : 0;
  const [rest = "", target = "", mode, ...more] = text.slice(drive).split(":");
  const source = text.slice(0, drive) + rest;
  if (more.length > 0 || (mode !== undefined && mode !== "ro" && mode !== "rw")) throw entryRefused(server, `the volume "${text}" is not source:target or source:target:ro`);
  if (!isInsidePath(target)) throw entryRefused(server, `the target of the volume "${text}" is no absolute path below /`);
  return { source: sourceOf(server, source, pieces[0]?.config === true), target, readonly: mode === "ro" };
}

function sourceOf(server: string, source: string, fromConfig: boolean): PlannedVolume["source"] {
  const isPath = source.startsWith("/") || /^[A-Za-z]:[\\/]/.test(source);
  if (!fromConfig) {
    if (!isPath && VOLUME.test(source)) return { kind: "volume", name: source };
    throw entryRefused(server, `it mounts "${source}" of this machine, which only its user's configuration may name`);
  }
  if (!isPath) throw configRefused(server, "a path", `must be absolute, and "${source}" is not`);
  if (/[\p{Cc}]/u.test(source) || source.split(/[\\/]/).includes("..")) throw entryRefused(server, `the path "${source}" leads upwards`);
  return { kind: "path", path: source };
}

function isInsidePath(target: string): boolean {
  return /^\/[^\p{Cc}]+$/u.test(target) && !target.split("/").some((part) => part === "..") && target.split("/").some((part) => part !== "" && part !== ".");
}
