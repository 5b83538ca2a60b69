import { generateKeyPairSync, randomBytes } from "node:crypto";

const ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const some = (alphabet: string, length: number): string => Array.from(randomBytes(length), (byte) => alphabet.charAt(byte % alphabet.length)).join("");
const alnum = (length: number): string => some(ALNUM, length);
const url = (length: number): string => some(`${ALNUM}-_`, length);
const hex = (length: number): string => randomBytes(length).toString("hex").slice(0, length);
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Makes a secret of each kind, never the same twice; put together here, so that no file holds one. */
export const SAMPLES: Readonly<Record<string, () => string>> = {
  "aws-access-key-id": () => `AKIA${some(UPPER, 16)}`,
  "aws-access-key-id of a session": () => `ASIA${some(UPPER, 16)}`,
  "github-token": () => `ghp_${alnum(36)}`,
  "github-token of an app": () => `ghs_${alnum(36)}`,
  "github-token of OAuth": () => `gho_${alnum(36)}`,
  "github-token of a user": () => `ghu_${alnum(36)}`,
  "github-token to refresh": () => `ghr_${alnum(76)}`,
  "github-fine-grained-token": () => `github_pat_${alnum(22)}_${alnum(59)}`,
  "gitlab-token": () => `glpat-${url(20)}`,
  "gitlab-token of a deployment": () => `gldt-${url(20)}`,
  "slack-token": () => `xoxb-${some("0123456789", 12)}-${some("0123456789", 12)}-${alnum(24)}`,
  "slack-token of a user": () => `xoxp-${some("0123456789", 12)}-${alnum(24)}`,
  "slack-app-token": () => `xapp-1-A${alnum(10)}-${some("0123456789", 13)}-${hex(64)}`,
  "slack-webhook": () => `hooks.slack.com/services/T${some(UPPER, 9)}/B${some(UPPER, 9)}/${alnum(24)}`,
  "stripe-key": () => `sk_live_${alnum(24)}`,
  "stripe-key with rights": () => `rk_live_${alnum(99)}`,
  "npm-token": () => `npm_${alnum(36)}`,
  "pypi-token": () => `pypi-AgEIcHlwaS5vcmc${url(100)}`,
  "anthropic-key": () => `sk-ant-api03-${url(93)}AA`,
  "openai-key": () => `sk-proj-${url(100)}`,
  "openai-key of old": () => `sk-${alnum(20)}T3BlbkFJ${alnum(20)}`,
  "google-api-key": () => `AIza${url(35)}`,
  "google-oauth-token": () => `ya29.${url(120)}`,
  "google-oauth-secret": () => `GOCSPX-${url(28)}`,
  "docker-token": () => `dckr_pat_${url(27)}`,
  "hugging-face-token": () => `hf_${alnum(34)}`,
  "digitalocean-token": () => `dop_v1_${hex(64)}`,
  "sendgrid-key": () => `SG.${url(22)}.${url(43)}`,
  "twilio-key": () => `SK${hex(32)}`,
  "shopify-token": () => `shpat_${hex(32)}`,
  "square-token": () => `sq0atp-${url(22)}`,
  "linear-key": () => `lin_api_${alnum(40)}`,
  "notion-token": () => `ntn_${alnum(46)}`,
  "atlassian-token": () => `ATATT3xFfGF0${url(170)}`,
  "databricks-token": () => `dapi${hex(32)}`,
  "grafana-token": () => `glsa_${alnum(32)}_${hex(8)}`,
  "vault-token": () => `hvs.${url(90)}`,
  "discord-webhook": () => `discord.com/api/webhooks/${some("123456789", 18)}/${url(68)}`,
  "planetscale-token": () => `pscale_tkn_${url(43)}`,
  "age-key": () => `AGE-SECRET-KEY-1${some(UPPER, 58)}`,
  "supabase-token": () => `sbp_${hex(40)}`,
  "groq-key": () => `gsk_${alnum(52)}`,
  "xai-key": () => `xai-${alnum(80)}`,
  "perplexity-key": () => `pplx-${alnum(48)}`,
  "replicate-token": () => `r8_${alnum(37)}`,
  "tavily-key": () => `tvly-${alnum(32)}`,
  "new-relic-key": () => `NRAK-${some(UPPER, 27)}`,
  "pulumi-token": () => `pul-${hex(40)}`,
  "postman-key": () => `PMAK-${hex(24)}-${hex(34)}`,
  "doppler-token": () => `dp.pt.${alnum(43)}`,
  "figma-token": () => `figd_${url(40)}`,
  "sentry-token": () => `sntrys_${alnum(100)}`,
  "openrouter-key": () => `sk-or-v1-${hex(64)}`,
  "rubygems-key": () => `rubygems_${hex(48)}`,
  "stripe-webhook-secret": () => `whsec_${alnum(32)}`,
  "terraform-token": () => `.atlasv1.${url(67)}`,
  "json-web-token": () => `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded({ sub: hex(8), iat: 1_700_000_000 })}.${url(43)}`,
  "private-key": () => String(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" })).trim(),
};

/** Secrets that are known by the name before them: the text around, and the secret in it. */
export const NAMED_SAMPLES: Readonly<Record<string, () => { readonly text: string; readonly secret: string }>> = {
  "aws-secret-access-key": () => named((secret) => `aws_secret_access_key = ${secret}`),
  "aws-secret-access-key in an environment": () => named((secret) => `export AWS_SECRET_ACCESS_KEY="${secret}"`),
  "aws-secret-access-key in JSON": () => named((secret) => `{"SecretAccessKey": "${secret}"}`),
  "aws-secret-access-key in JSON in JSON": () => named((secret) => JSON.stringify(JSON.stringify({ secretAccessKey: secret }))),
  "aws-secret-access-key in XML": () => named((secret) => `<SecretAccessKey>${secret}</SecretAccessKey>`),
  "gcp-service-account": () => {
    const secret = hex(40);
    return { text: JSON.stringify({ type: "service_account", private_key_id: secret }), secret };
  },
  "azure-storage-key": () => {
    const secret = `${some(`${ALNUM}+/`, 86)}==`;
    return { text: `DefaultEndpointsProtocol=https;AccountName=x;AccountKey=${secret};`, secret };
  },
};

function named(write: (secret: string) => string): { readonly text: string; readonly secret: string } {
  const secret = some(`${ALNUM}+/`, 40);
  return { text: write(secret), secret };
}
