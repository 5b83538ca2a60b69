import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { afterEach, beforeEach, describe, it } from "vitest";
import type { ProbingEngine } from "../../src/beside/probe-container.ts";
import { probeEngine, type Seen } from "../../src/beside/probe-engine.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "sbx-probe-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** How a container answers that has the directory `place` of this machine, or believes so. */
type Answer = (place: string) => Promise<string>;

/** An engine with one container, which answers so. */
function engineThat(answer: Answer, creates: () => void = () => undefined): { readonly engine: ProbingEngine; readonly removed: string[] } {
  const removed: string[] = [];
  let place = "";
  const engine: ProbingEngine = {
    create: async ({ mounts }) => {
      const [mount] = mounts;
      place = mount?.kind === "bind" ? mount.source : "";
      creates();
      return Promise.resolve("c");
    },
    start: async () => Promise.resolve(),
    remove: async (id) => Promise.resolve(void removed.push(id)),
    run: async () => ({ exitCode: 0, stderr: "", stdout: await answer(place) }),
  };
  return { engine, removed };
}

const wordIn = (place: string): string => readFileSync(path.join(place, "word"), "utf8");

async function send(place: string, text: string): Promise<void> {
  const socket = connect(path.join(place, "sock"));
  socket.end(text);
  socket.resume();
  await once(socket, "close");
}

describe("what an engine sees of this machine", () => {
  it.for<[string, Answer, Seen]>([
    [
      "everything, of the machine's own",
      async (place) => {
        await send(place, wordIn(place));
        return wordIn(place);
      },
      { files: true, sockets: true },
    ],
    ["files alone, of one in a virtual machine", async (place) => Promise.resolve(wordIn(place)), { files: true, sockets: false }],
    ["nothing, of one that has another directory of that name", async () => Promise.resolve("0".repeat(32)), { files: false, sockets: false }],
    ["nothing, of one that answers nothing", async () => Promise.resolve(""), { files: false, sockets: false }],
    [
      "no socket, of one through which something else arrives",
      async (place) => {
        await send(place, `${wordIn(place)}x`);
        await send(place, "word");
        return `${wordIn(place)}\n`;
      },
      { files: false, sockets: false },
    ],
  ])("is %s", async ([, answer, seen], { expect }) => {
    const { engine, removed } = engineThat(answer);
    expect(await probeEngine({ engine, image: "i", directory, labels: {} })).toEqual(seen);
    expect(removed).toEqual(["c"]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("is nothing when it makes no container with the directory, and unknown when it makes none for another reason", async ({ expect }) => {
    let text = "";
    const refusing = (): void => {
      throw new AppError("ENGINE_FAILED", { message: text, fix: "none" });
    };
    text = `bind source path does not exist: ${directory}/probe-`;
    const blind: ProbingEngine = {
      ...engineThat(async () => Promise.resolve("")).engine,
      create: async ({ mounts: [mount] }) => Promise.reject(new AppError("ENGINE_FAILED", { message: `bind source path does not exist: ${mount?.kind === "bind" ? mount.source : ""}`, fix: "none" })),
    };
    expect(await probeEngine({ engine: blind, image: "i", directory, labels: {} })).toEqual({ files: false, sockets: false });
    text = "no space left on device";
    await expect(probeEngine({ engine: engineThat(async () => Promise.resolve(""), refusing).engine, image: "i", directory, labels: {} })).rejects.toThrow("no space left");
    expect(readdirSync(directory)).toEqual([]);
  });
});
