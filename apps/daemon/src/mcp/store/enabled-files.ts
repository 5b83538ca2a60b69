import path from "node:path";
import type { AppError, ConfigChange, EnabledServer } from "@sbx/contracts";
import { removeAt, setAt } from "./edit-path.ts";
import { serversOfState, STATE_READERS, type StateTexts } from "./state-texts.ts";
import { YamlFile } from "./yaml-file.ts";

/** Names of the files behind what is enabled, without their ending. */
export type StateFileName = keyof StateTexts;

/** What a person has enabled for all sandboxes: `registry.yaml`, `config.yaml` and `tools.yaml` in Docker's form. */
export class EnabledFiles {
  readonly #registry: YamlFile<StateTexts["registry"]>;
  readonly #config: YamlFile<StateTexts["config"]>;
  readonly #tools: YamlFile<StateTexts["tools"]>;

  constructor(directory: string, onBroken: (problem: AppError) => void) {
    const open = <K extends StateFileName>(name: K): YamlFile<StateTexts[K]> => {
      const file = path.join(directory, `${name}.yaml`);
      return new YamlFile({ file, parse: (text) => STATE_READERS[name](text, file), onBroken });
    };
    this.#registry = open("registry");
    this.#config = open("config");
    this.#tools = open("tools");
  }

  /** @throws AppError `CONFIG_INVALID` when one of the files never was readable: nothing is enabled then */
  servers(): readonly EnabledServer[] {
    return serversOfState({ registry: this.#registry.read(), config: this.#config.read(), tools: this.#tools.read() });
  }

  stamp(): string {
    return `${this.#registry.stamp()} ${this.#config.stamp()} ${this.#tools.stamp()}`;
  }

  /** What is wrong with the files now, if anything: why one cannot be used, or what was left out of it. */
  problems(): readonly string[] {
    const files = [this.#registry, this.#config, this.#tools];
    const leftOut = [this.#registry.read(), this.#config.read()].flatMap(({ warnings }) => warnings.map(({ file, line, message }) => `${file}:${line}: ${message}`));
    return [...files.flatMap((file) => file.problem()?.message ?? []), ...leftOut];
  }

  enable(names: readonly string[]): void {
    this.#registry.edit((document) => {
      for (const name of names) if (!document.hasIn(["registry", name])) setAt(document, ["registry", name], { ref: "" });
    });
  }

  /** Configuration and choice of tools stay for the day on which it is enabled again. */
  disable(names: readonly string[]): void {
    this.#registry.edit((document) => {
      for (const name of names) removeAt(document, ["registry", name], 1);
    });
  }

  changeConfig(changes: readonly ConfigChange[]): void {
    this.#config.edit((document) => {
      for (const { server, path: keys, value } of changes) {
        if (value === undefined) removeAt(document, [server, ...keys]);
        else setAt(document, [server, ...keys], value);
      }
    });
  }

  /** `undefined` offers all tools of the server. */
  setTools(choices: ReadonlyMap<string, readonly string[] | undefined>): void {
    this.#tools.edit((document) => {
      for (const [server, tools] of choices) {
        if (tools === undefined) removeAt(document, [server]);
        else setAt(document, [server], tools);
      }
    });
  }

  text(name: StateFileName): string {
    return this.#fileOf(name).text();
  }

  /** Replace whole files. @throws AppError `CONFIG_INVALID` when one of them cannot be used: then none is written */
  replace(texts: Readonly<Partial<Record<StateFileName, string>>>): void {
    const all = (["registry", "config", "tools"] as const).flatMap((name) => {
      const text = texts[name];
      return text === undefined ? [] : [{ file: this.#fileOf(name), text }];
    });
    for (const { file, text } of all) file.check(text);
    for (const { file, text } of all) file.replace(text);
  }

  #fileOf(name: StateFileName): YamlFile<unknown> {
    if (name === "registry") return this.#registry;
    return name === "config" ? this.#config : this.#tools;
  }
}
