import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Random } from "@sbx/testing/random";
import type { Outcome } from "../../lab.ts";
import type { Place } from "./place.ts";

/** One thing that a person or a fault does to a sandbox; it throws where what came of it is wrong. */
export interface Step {
  readonly name: string;
  readonly share: number;
  readonly take: (place: Place, random: Random) => Promise<void>;
}

/** Failures that a fault under way may cause; each is a problem with a code, and anything else is a fault of ours. */
const EXCUSED = new Set([125, 126, 127, 128, 129, 130, 137, 143]);

/** What a command says when the daemon died under it: output that came meanwhile is lost, and its exit code is not. */
const LOST = "what it prints meanwhile is lost";

/** A command either did what it says, or says why it could not. */
function judge(what: string, { code, out, err }: Outcome, wanted?: string): void {
  if (code === 0) {
    if (wanted !== undefined && out !== wanted && !err.includes(LOST)) throw new Error(`${what} printed ${JSON.stringify(out)} for ${JSON.stringify(wanted)}; ${err}`);
    return;
  }
  if (code === null || !EXCUSED.has(code) || (code === 125 && !err.includes("code: "))) throw new Error(`${what} ended with ${String(code)}: ${err}`);
  if (err.includes("code: INTERNAL")) throw new Error(`${what} met a fault of ours: ${err}`);
}

const word = (random: Random): string => `w${String(random.below(1_000_000_000))}`;

const STEPS: readonly Step[] = [
  {
    name: "run",
    share: 5,
    take: async (place, random) => {
      const said = word(random);
      judge("run", await place.run("echo", said), `${said}\n`);
    },
  },
  {
    name: "exec",
    share: 4,
    take: async (place, random) => {
      const said = word(random);
      const outcome = await place.sbx("exec", place.name, "sh", "-c", `echo ${said} > ~/${said} && cat ~/${said}`);
      if (!outcome.err.includes("SANDBOX_NOT_FOUND")) judge("exec", outcome, `${said}\n`);
    },
  },
  {
    name: "cp there and back",
    share: 3,
    take: async (place, random) => {
      const said = word(random).repeat(1 + random.below(20_000));
      const [sent, got] = [place.outside("sent"), place.outside("got")];
      writeFileSync(sent, said);
      rmSync(got, { force: true });
      const [there, back] = [await place.sbx("cp", "-q", sent, `${place.name}:/tmp/sent`), await place.sbx("cp", "-q", `${place.name}:/tmp/sent`, got)];
      judge("cp in", there);
      judge("cp out", back);
      if (there.code === 0 && back.code === 0 && place.read(got) !== said) throw new Error("what came back is not what was sent");
    },
  },
  {
    name: "publish and take back",
    share: 2,
    take: async (place) => {
      const { code, out, err } = await place.sbx("ports", place.name, "--publish", "3000", "--json");
      judge("publish", { code, out, err });
      if (code !== 0) return;
      const [port] = /(?<="hostPort": )\d+/.exec(out) ?? [];
      judge("unpublish", await place.sbx("ports", place.name, "--unpublish", String(port)));
    },
  },
  { name: "stop", share: 2, take: async (place) => judge("stop", await place.sbx("stop", place.name)) },
  { name: "start", share: 2, take: async (place) => judge("start", await place.sbx("start", place.name)) },
  { name: "rm", share: 2, take: async (place) => judge("rm", await place.sbx("rm", "--force", place.name)) },
  { name: "kill -9 of the command line", share: 2, take: async (place) => place.runAndKill("sh", "-c", "sleep 2; echo done > finished") },
  { name: "kill -9 of the gate", share: 1, take: async (place) => place.kill("gate") },
  { name: "kill -9 of the workload", share: 1, take: async (place) => place.kill("workload") },
  {
    name: "a file of the person's while it runs",
    share: 1,
    take: async (place, random) => {
      const name = word(random);
      writeFileSync(path.join(place.workspace, name), name);
      judge("cat", await place.run("cat", name), name);
    },
  },
];

/** One of the steps, by their shares. */
export function pickStep(random: Random): Step {
  return random.pick(STEPS.flatMap((step) => Array.from({ length: step.share }, () => step)));
}
