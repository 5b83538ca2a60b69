/** What a file of this name would be, and what must stand in it to count. No pattern: the name alone is enough. */
interface CredentialPattern {
  readonly name: RegExp;
  readonly what: string;
  readonly content?: RegExp;
}

const PRIVATE_KEY = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/u;

/** Names are matched against the path relative to the workspace. The first that fits decides. */
const PATTERNS: readonly CredentialPattern[] = [
  { name: /(?:^|\/)\.env\.(?:example|sample|template|dist|defaults|schema)$/u, what: "", content: /(?!)/u },
  { name: /(?:^|\/)\.env(?:\.[^/]+)?$/u, what: "an environment file", content: /^\s*(?:export\s+)?\w+\s*=\s*\S/mu },
  { name: /(?:^|\/)\.npmrc$/u, what: "a package registry's token", content: /(?:_authToken|_auth|_password)\s*=\s*(?!\s*\$\{)\S/u },
  { name: /(?:^|\/)\.yarnrc\.yml$/u, what: "a package registry's token", content: /npmAuth(?:Token|Ident)\s*:\s*(?!["']?\$\{)\S/u },
  { name: /(?:^|\/)\.pypirc$/u, what: "a package index's password", content: /^\s*password\s*[=:]\s*\S/mu },
  { name: /(?:^|\/)[._]netrc$/u, what: "passwords of hosts", content: /\bpassword\s+\S/u },
  { name: /(?:^|\/)\.git-credentials$/u, what: "git's stored passwords" },
  { name: /(?:^|\/)id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?$/u, what: "an SSH key" },
  { name: /\.(?:pem|key|asc)$/u, what: "a private key", content: PRIVATE_KEY },
  { name: /\.(?:p12|pfx|jks|keystore|ppk|kdbx)$/u, what: "a key store" },
  { name: /(?:^|\/)\.aws\/(?:credentials|config)$/u, what: "AWS credentials", content: /aws_(?:secret_access_key|session_token)/u },
  { name: /(?:^|\/)\.docker\/config\.json$/u, what: "a registry's login", content: /"auth"\s*:\s*"[^"]/u },
  { name: /(?:^|\/)(?:\.kube\/config|kubeconfig)(?:\.ya?ml)?$/u, what: "a cluster's login" },
  { name: /\.tfstate(?:\.backup)?$/u, what: "Terraform state" },
  { name: /(?:^|\/)(?:\.vault-token|\.htpasswd|\.pgpass|\.my\.cnf)$/u, what: "a password file" },
  { name: /(?:service|account|credential|secret|gcp|google|firebase|key)[^/]*\.json$/iu, what: "a service account's key", content: /"private_key"\s*:\s*"-----BEGIN/u },
  { name: /(?:^|\/)client_secret[^/]*\.json$/u, what: "an OAuth client's secret" },
];

/** How much of a file is looked at. */
export const CREDENTIAL_BYTES = 65_536;

/** What the file at `path` may be, and whether its content must be seen to know. */
export function credentialByName(path: string): { readonly what: string; readonly confirm: ((text: string) => boolean) | undefined } | undefined {
  const found = PATTERNS.find(({ name }) => name.test(path));
  if (found === undefined || found.what === "") return undefined;
  const { what, content } = found;
  return { what, confirm: content === undefined ? undefined : (text) => content.test(text) };
}
