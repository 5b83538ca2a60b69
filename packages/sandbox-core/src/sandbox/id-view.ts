/** A line of a user namespace's map: the `count` ids from `inside` on are, on the host, those from `outside` on. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** What the ids inside an engine's containers are on the host. An id without a line has no other there. */
export interface IdView {
  readonly uid: readonly IdRange[];
  readonly gid: readonly IdRange[];
}

/** Ids below this one belong to somebody; the highest stands for "no id". */
const IDS = 4_294_967_295;
/** As many as the kernel takes. */
const MOST_LINES = 340;

const EVERY_ID: readonly IdRange[] = [{ inside: 0, outside: 0, count: IDS }];

/** An engine that leaves ids as they are. */
export const SAME_IDS: IdView = { uid: EVERY_ID, gid: EVERY_ID };

/** The host's id of one inside; `undefined` when it has none. */
export function outsideOf(ranges: readonly IdRange[], id: number): number | undefined {
  const range = ranges.find(({ inside, count }) => id >= inside && id < inside + count);
  return range === undefined ? undefined : range.outside + (id - range.inside);
}

/** The id inside that is this one of the host; `undefined` when nothing inside can be it. */
export function insideOf(ranges: readonly IdRange[], id: number): number | undefined {
  const range = ranges.find(({ outside, count }) => id >= outside && id < outside + count);
  return range === undefined ? undefined : range.inside + (id - range.outside);
}

/** Read `/proc/<pid>/uid_map` or `gid_map`. `undefined` for anything that the kernel would not write. */
export function parseIdMap(text: string): readonly IdRange[] | undefined {
  const lines = text.split("\n").filter((line) => line !== "");
  if (lines.length === 0 || lines.length > MOST_LINES) return undefined;
  const ranges = lines.map(parseLine);
  return ranges.every((range) => range !== undefined) && !overlap(ranges) ? ranges : undefined;
}

function parseLine(line: string): IdRange | undefined {
  const found = /^ *(\d{1,10}) +(\d{1,10}) +(\d{1,10}) *$/.exec(line);
  if (found === null) return undefined;
  const [inside, outside, count] = [Number(found[1]), Number(found[2]), Number(found[3])];
  return count > 0 && inside + count <= IDS && outside + count <= IDS ? { inside, outside, count } : undefined;
}

function overlap(ranges: readonly IdRange[]): boolean {
  return ranges.some((one, index) => ranges.slice(index + 1).some((other) => meet(one, other, "inside") || meet(one, other, "outside")));
}

function meet(one: IdRange, other: IdRange, side: "inside" | "outside"): boolean {
  return one[side] < other[side] + other.count && other[side] < one[side] + one.count;
}
