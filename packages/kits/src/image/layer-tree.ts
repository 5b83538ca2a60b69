/** Which entry of which layer is seen at a path. */
interface Seen {
  readonly layer: number;
  readonly at: number;
  readonly isDirectory: boolean;
}

class Node {
  readonly children = new Map<string, Node>();
  seen: Seen | undefined;
}

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

/** An entry of a layer, as far as it decides what is seen. */
export interface TreeEntry {
  /** Cleaned, relative; empty for the root. */
  readonly path: string;
  readonly isDirectory: boolean;
}

/** Layers, one on top of the other: what hides what. */
export class LayerTree {
  readonly #root = new Node();
  #layers = 0;

  /** Lay a layer on top. What it takes away is taken from the layers below alone, whatever the order of its entries. */
  add(entries: readonly TreeEntry[]): void {
    const layer = this.#layers;
    this.#layers += 1;
    for (const { path } of entries) this.#takeAway(path);
    for (const [at, { path, isDirectory }] of entries.entries()) {
      if (isMarker(path)) continue;
      const node = this.#nodeAt(path);
      if (!isDirectory) node.children.clear();
      node.seen = { layer, at, isDirectory };
    }
  }

  /** Whether the entry of this place in this layer is what is seen at its path. */
  shows(layer: number, at: number, path: string): boolean {
    const seen = this.#find(path)?.seen;
    return seen !== undefined && seen.layer === layer && seen.at === at;
  }

  /** From which layer the thing at a path is; `undefined` where none is seen. */
  layerOf(path: string): number | undefined {
    return this.#find(path)?.seen?.layer;
  }

  #takeAway(path: string): void {
    const slash = path.lastIndexOf("/");
    const [parent, name] = [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
    if (name === OPAQUE) this.#find(parent)?.children.clear();
    else if (name.startsWith(WHITEOUT)) this.#find(parent)?.children.delete(name.slice(WHITEOUT.length));
  }

  #nodeAt(path: string): Node {
    let node = this.#root;
    for (const part of partsOf(path)) {
      const next = node.children.get(part) ?? new Node();
      node.children.set(part, next);
      node = next;
    }
    return node;
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const part of partsOf(path)) node = node?.children.get(part);
    return node;
  }
}

/** Whether a path says that something is taken away, and names nothing itself. */
export function isMarker(path: string): boolean {
  return path.slice(path.lastIndexOf("/") + 1).startsWith(WHITEOUT);
}

function partsOf(path: string): readonly string[] {
  return path === "" ? [] : path.split("/");
}
