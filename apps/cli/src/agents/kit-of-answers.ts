import { AppError } from "@sbx/contracts/app-error";
import { stringify } from "yaml";

/** What a person says of an agent. */
export interface AgentAnswers {
  readonly name: string;
  /** npm package with its exact version, such as `some-agent@1.2.3`. */
  readonly npmPackage: string;
  /** The agent's command in that package. */
  readonly program: string;
  /** Model service, such as `anthropic`, or none. */
  readonly model?: string | undefined;
  /** Variables in which the agent looks for its key and for its provider's address. */
  readonly keyVariable?: string | undefined;
  readonly urlVariable?: string | undefined;
  /** Put after the service's address, such as `/v1`. */
  readonly urlPath: string;
  readonly interactive: readonly string[];
  readonly headless: readonly string[];
  readonly allow: readonly string[];
  readonly protect: readonly string[];
}

const PACKAGE = /^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*@\d+\.\d+\.\d+(?:[.+-][0-9A-Za-z.+-]*)?$/;
const PROGRAM = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MODELS = ["anthropic", "google", "openai", "qwen"];

/**
 * The files of a Kit. Nothing that was said reaches a shell or the descriptor but what has the form that belongs there.
 *
 * @throws AppError `USAGE`
 */
export function kitOfAnswers(answers: AgentAnswers): Readonly<Record<"kit.yaml" | "kit.dockerfile", string>> {
  const { name, npmPackage, program, interactive, headless, protect } = answers;
  check(PACKAGE, npmPackage, "an npm package with its exact version, such as some-agent@1.2.3");
  check(PROGRAM, program, "a program's name");
  const config = {
    launch: { interactive: [...interactive], headless: [...headless] },
    ...modelOf(answers),
    ...(protect.length === 0 ? {} : { protect: [...protect] }),
  };
  const descriptor = {
    schemaVersion: "3",
    kind: "workload",
    displayName: name,
    version: npmPackage.slice(npmPackage.lastIndexOf("@") + 1),
    provides: [name.replaceAll("_", "-")],
    capabilities: [
      { type: "com.docker.sandbox/git-identity@1", optional: true },
      ...(answers.allow.length === 0 ? [] : [{ type: "com.docker.sandbox/network-policy@1", config: { runtime: { allow: [...answers.allow] } } }]),
      ...credentialOf(answers),
      { type: "dev.sbx/agent@1", optional: true, config },
    ],
  };
  const recipe = [
    "ARG SBX_BASE",
    "FROM ${SBX_BASE}",
    `RUN npm install --global ${npmPackage} \\`,
    " && npm cache clean --force \\",
    " && rm -rf /root/.npm /tmp/*",
    "USER agent",
    `ENTRYPOINT ["${program}"]`,
    "",
  ];
  return { "kit.yaml": `# syntax=docker/sandbox-kit:3\n${stringify(descriptor, { aliasDuplicateObjects: false })}`, "kit.dockerfile": recipe.join("\n") };
}

function modelOf({ model, urlVariable, urlPath }: AgentAnswers): object {
  if (model === undefined) return {};
  if (!MODELS.includes(model)) throw new AppError("USAGE", { message: `There is no model service "${model.slice(0, 60)}"`, fix: `Choose one of: ${MODELS.join(", ")}` });
  if (urlVariable === undefined) return { model: { service: model } };
  check(VARIABLE, urlVariable, "a variable's name");
  check(/^(?:\/[A-Za-z0-9._-]+)*$/, urlPath, "a path such as /v1");
  return { model: { service: model, baseUrl: { env: urlVariable, value: `\${modelUrl}${urlPath}` } } };
}

function credentialOf({ model, keyVariable }: AgentAnswers): readonly object[] {
  if (model === undefined || keyVariable === undefined) return [];
  check(VARIABLE, keyVariable, "a variable's name");
  return [{ type: "com.docker.sandbox/credential@1", optional: true, config: { service: model, phase: "runtime", apiKey: { name: keyVariable } } }];
}

function check(form: RegExp, text: string, what: string): void {
  if (!form.test(text)) throw new AppError("USAGE", { message: `"${text.slice(0, 100)}" is not ${what}`, fix: "Look at the help: sbx agents new --help" });
}
