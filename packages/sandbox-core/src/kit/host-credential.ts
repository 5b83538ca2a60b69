import type { Sandbox } from "@sbx/contracts";
import { modelServiceOf } from "@sbx/secret-injector";
import type { ConfigOf } from "./capability-configs.ts";
import { coversDomain, readInjection, unboundDomains, type Injection } from "./injection.ts";
import { isCapability, type ReadCapability } from "./kit.ts";

type Config = ConfigOf<"com.docker.sandbox/credential@1">;

/** A secret that is put on the sandbox's requests to some hosts, and is never in it. */
export interface ProfileCredential {
  /** Also the name of the secret. */
  readonly service: string;
  /** The variable in which programs find a placeholder; without one there is none. */
  readonly name?: string;
  readonly injections: readonly Injection[];
  /** When it is put on: on requests of install hooks, or of everything after them. */
  readonly phases: CredentialPhase[];
}

export type CredentialPhase = "install" | "runtime";

/** The credentials of one phase. */
export function ofPhase<Credential extends { readonly phases?: readonly CredentialPhase[] | undefined }>(credentials: readonly Credential[], phase: CredentialPhase): readonly Credential[] {
  return credentials.filter(({ phases = ["runtime"] }) => phases.includes(phase));
}

/** What decides whether a Kit is granted a secret. With neither it is taken as granted, as where Kits are looked at without a sandbox. */
export interface SecretFacts {
  /** Hosts that the person bound each secret to, by its name. */
  readonly secretHosts?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Names of those that a sandbox which is there was granted when it was made: nothing is judged anew. */
  readonly grantedSecrets?: readonly string[] | undefined;
}

/** Why a credential that is not of the agent's model service cannot be carried out; what its person can give is {@link missingSecret}. */
export function whyNoHostCredential(config: Config): string | undefined {
  const model = modelServiceOf(config.service);
  if (model !== undefined) return `the key of ${model.displayName} goes to the model service of an agent alone, and this agent has another one or none`;
  const read = (config.apiKey?.inject ?? []).map(readInjection);
  if (read.length === 0) return "it names no host (inject), and a placeholder that nothing takes the place of is worth nothing";
  return read.map((one) => ("why" in one ? one.why : undefined)).find((why) => why !== undefined);
}

const NOT_GRANTED = { why: "the sandbox was made without this secret; what its Kits get is decided again by: sbx recreate SANDBOX", commands: ["sbx recreate SANDBOX"] };

/** What a person has to do before a credential is put on: why, and the commands; `undefined` where nothing is missing. */
export function missingSecret(config: Config, { secretHosts, grantedSecrets }: SecretFacts): { readonly why: string; readonly commands: readonly string[] } | undefined {
  const { service } = config;
  if (grantedSecrets !== undefined) return grantedSecrets.includes(service) ? undefined : NOT_GRANTED;
  if (secretHosts === undefined) return undefined;
  const domains = unboundDomains(injectionsOf(config), Object.hasOwn(secretHosts, service) ? (secretHosts[service] ?? []) : []);
  if (domains.length === 0) return undefined;
  const commands = [`sbx secret set ${service}`, ...domains.map((domain) => `sbx secret bind ${service} --host ${shellWord(domain)}`)];
  return { why: `a Kit gets no secret by itself, and you gave none called "${service}" for ${domains.join(", ")}; give it with: ${commands.join("; ")}`, commands };
}

/** The credentials among what was taken that are put on at hosts: all but that of the agent's model service. */
export function hostCredentials(selected: readonly ReadCapability[], service: string | undefined): readonly ProfileCredential[] {
  return selected.flatMap((one) => {
    if (!isCapability(one, "com.docker.sandbox/credential@1") || one.config.service === service) return [];
    const name = one.config.apiKey?.name;
    return [{ service: one.config.service, ...(name === undefined ? {} : { name }), injections: injectionsOf(one.config), phases: [one.config.phase].flat() }];
  });
}

/** What a person is shown of a credential: whose it is and where it goes. */
export function credentialView({ service, name, injections }: Pick<ProfileCredential, "service" | "injections"> & { readonly name?: string | undefined }): Sandbox["credentials"][number] {
  return { secret: service, hosts: [...new Set(injections.map(({ domain }) => domain))], ...(name === undefined ? {} : { variable: name }) };
}

/** Variables and headers that two credentials would fill in one phase: one line each. `model` is the variable of the model's key. */
export function credentialClashes(credentials: readonly ProfileCredential[], model: string | undefined): readonly string[] {
  return [...new Set((["install", "runtime"] as const).flatMap((phase) => clashesOf(ofPhase(credentials, phase), model)))];
}

function clashesOf(credentials: readonly ProfileCredential[], model: string | undefined): readonly string[] {
  const names = [model, ...credentials.map(({ name }) => name)].filter((name) => name !== undefined);
  const places = credentials.flatMap(({ injections }) => injections);
  const twice = names.filter((name, at) => names.indexOf(name) !== at).map((name) => `two credentials set the variable ${name}`);
  const met = places.filter((one, at) =>
    places.some((other, before) => before < at && one.header === other.header && (coversDomain(one.domain, other.domain) || coversDomain(other.domain, one.domain))),
  );
  return [...twice, ...met.map(({ domain, header }) => `two credentials are put into the header ${header} at ${domain}`)];
}

function injectionsOf({ apiKey }: Config): readonly Injection[] {
  return (apiKey?.inject ?? []).map(readInjection).filter((one): one is Injection => !("why" in one));
}

/** A star would mean files of the directory to a shell. */
function shellWord(domain: string): string {
  return domain.startsWith("*") ? `'${domain}'` : domain;
}
