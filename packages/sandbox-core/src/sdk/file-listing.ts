/** What lies at a path of a sandbox. */
export interface FileEntry {
  /** Its last part, as the sandbox tells it. */
  readonly name: string;
  readonly kind: "file" | "directory" | "link" | "other";
  readonly sizeBytes: number;
  /** Permission bits. */
  readonly mode: number;
  readonly modifiedAt: Date;
}

const KINDS: Readonly<Record<string, FileEntry["kind"]>> = { f: "file", d: "directory", l: "link" };
const MODES: Readonly<Record<number, FileEntry["kind"]>> = { 0o100000: "file", 0o040000: "directory", 0o120000: "link" };

/** Read what `find -printf "%y %m %s %T@ %f\0"` printed, sorted by name. What has another form is left out. */
export function parseListing(bytes: Uint8Array): readonly FileEntry[] {
  const text = new TextDecoder().decode(bytes);
  const entries = text.split("\0").flatMap((line): readonly FileEntry[] => {
    const [, kind = "", mode = "", size, time, name = ""] = /^(\w) ([0-7]{1,5}) (\d{1,15}) (-?\d{1,12})(?:\.\d+)? ([^/]+)$/s.exec(line) ?? [];
    return size === undefined ? [] : [{ name, kind: KINDS[kind] ?? "other", sizeBytes: Number(size), mode: Number.parseInt(mode, 8), modifiedAt: new Date(Number(time) * 1000) }];
  });
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Read what `stat -c "%f %s %Y"` printed; `undefined` for anything else. */
export function statOf(name: string, text: string): FileEntry | undefined {
  const [, mode, size, time] = /^([0-9a-f]{1,8}) (\d{1,15}) (-?\d{1,12})\n$/.exec(text) ?? [];
  if (mode === undefined) return undefined;
  const bits = Number.parseInt(mode, 16);
  return { name, kind: MODES[bits & 0o170000] ?? "other", sizeBytes: Number(size), mode: bits & 0o7777, modifiedAt: new Date(Number(time) * 1000) };
}
