import { describe, it } from "vitest";
import { applySetting, type Settings } from "../../src/build/image-settings.ts";
import { readBuild } from "../../src/build/read-build.ts";

const NONE: Settings = { config: {}, author: undefined, commandSaid: false };

/** Apply the instructions of a stage one after the other, each with the variables of those before it. */
function applied(lines: readonly string[]): Settings {
  const { stages } = readBuild(["FROM scratch", ...lines].join("\n"), { args: new Map(), target: "", platform: new Map() });
  return (stages[0]?.instructions ?? []).reduce((settings, instruction) => {
    const variables = new Map((settings.config.Env ?? []).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
    return applySetting(settings, instruction, variables);
  }, NONE);
}

describe("an image's settings", () => {
  it("are those of its instructions", ({ expect }) => {
    expect(applied(["ENV a=1", 'LABEL l="x $a"', "EXPOSE 80 81/udp 80", "VOLUME /data /more"]).config).toEqual({
      Env: ["a=1"],
      Labels: { l: "x 1" },
      ExposedPorts: { "80/tcp": {}, "81/udp": {} },
      Volumes: { "/data": {}, "/more": {} },
    });
  });

  const doubled = Array.from({ length: 16 }, (_, at) => `ENV v${at + 1}=$v${at}$v${at}`);
  it.for([
    ["variables of variables", ["ENV v0=0123456789", ...doubled]],
    ["many large variables", ["ENV v0=0123456789", ...doubled.slice(0, 13), `ENV ${Array.from({ length: 100 }, (_, at) => `w${at}=$v13`).join(" ")}`]],
    ["many large labels", ["ENV v0=0123456789", ...doubled.slice(0, 13), ...Array.from({ length: 30 }, (_, at) => `LABEL l${at}=$v13`)]],
    ["many large paths", ["ENV v0=0123456789", ...doubled.slice(0, 13), `VOLUME ${Array.from({ length: 100 }, (_, at) => `/${at}/$v13`).join(" ")}`]],
    ["many ports in few words", [`ENV p="${Array.from({ length: 1000 }, (_, at) => at + 1).join(" ")}"`, "EXPOSE $p 2000-2900"]],
  ] as const)("take no more room than an image has for them: %s", ([, lines], { expect }) => {
    expect(() => applied(lines)).toThrow(/more than (?:128 KiB|2 MiB)|at most 1024 ports/);
  });
});
