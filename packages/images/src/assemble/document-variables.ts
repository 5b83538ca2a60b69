import type { AppError } from "@sbx/contracts";
import type { Instruction } from "@sbx/core";

const NAME = /^[A-Za-z_]\w*$/;
/** A value that is nothing but itself, with quotes around it or without. */
const LITERAL = /^(?:"([^"\\$]*)"|'([^']*)'|([^"'\\$ \t]*))$/;
/** `NAME=value` one after the other. */
const PAIRS = /([A-Za-z_]\w*)=("[^"]*"|'[^']*'|[^ \t"']*)(?=[ \t]|$)/g;
const REFERENCE = /\\\$|\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})|\$\{|\\/g;

/** Variables of a build at an instruction, as far as their values stand in the recipe or are given. `undefined`: named, with a value that is not known. */
export class Variables {
  readonly #given: Readonly<Record<string, string>>;
  readonly #global = new Map<string, string | undefined>();
  readonly #stages = new Map<string, ReadonlyMap<string, string | undefined>>();
  /** What ENV said; it goes on in stages that start from this one. */
  #env = new Map<string, string | undefined>();
  #args = new Map<string, string | undefined>();
  #begun = false;

  constructor(given: Readonly<Record<string, string>>) {
    this.#given = given;
  }

  begin(from: string, alias: string | undefined): void {
    this.#env = new Map(this.#stages.get(from));
    this.#args = new Map();
    this.#begun = true;
    if (alias !== undefined) this.#stages.set(alias, this.#env);
  }

  learn({ name, rest }: Pick<Instruction, "name" | "rest">): void {
    const into = name === "ENV" ? this.#env : this.#begun ? this.#args : this.#global;
    if (name === "ARG" && NAME.test(rest)) {
      into.set(rest, this.#givenOr(rest, this.#global.get(rest)));
      return;
    }
    for (const [, variable = "", written = ""] of rest.matchAll(PAIRS)) {
      const value = literalOf(written);
      into.set(variable, name === "ARG" ? this.#givenOr(variable, value) : value);
    }
  }

  get(name: string): string | undefined {
    return this.#env.has(name) ? this.#env.get(name) : this.#args.get(name);
  }

  #givenOr(name: string, value: string | undefined): string | undefined {
    return Object.hasOwn(this.#given, name) ? this.#given[name] : value;
  }
}

function literalOf(written: string): string | undefined {
  const [, ...forms] = LITERAL.exec(written) ?? [];
  return forms.find((form: string | undefined) => form !== undefined);
}

/** Fill in the variables of a here-document whose name is not in quotes. @throws what `refuse` makes, where a value stands neither in the recipe nor in its arguments */
export function expandDocument(text: string, variables: Variables, refuse: (what: string, fix: string) => AppError): string {
  const fix = "Put the here-document's name into quotes, so that its text stays as it is.";
  return text.replaceAll(REFERENCE, (found, plain: string | undefined, braced: string | undefined) => {
    if (found === String.raw`\$`) return "$";
    const name = plain ?? braced;
    if (name === undefined) throw refuse("a here-document that is expanded and holds a backslash, or a variable with more than its name", fix);
    const value = variables.get(name);
    if (value === undefined) throw refuse(`a here-document with the variable ${name}, whose value does not stand in the recipe`, fix);
    return value;
  });
}
