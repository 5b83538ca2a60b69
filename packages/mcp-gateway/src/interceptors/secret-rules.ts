/** One kind of secret. */
export interface SecretRule {
  readonly name: string;
  /** Texts with which it begins. Only where one of them stands is the pattern tried. */
  readonly starts: readonly string[];
  /**
   * Matches from that place on. Every repetition is of one set of characters and has an end, so that a try takes bounded time.
   * With a group, the group is the secret and what stands before it names it.
   */
  readonly pattern: RegExp;
  /** Whether it must not begin inside a word: for beginnings that chance writes into encoded data. */
  readonly apart?: true;
}

const rule = (name: string, starts: string, pattern: RegExp): SecretRule => ({ name, starts: starts.split(" "), pattern });
const apart = (secret: SecretRule): SecretRule => ({ ...secret, apart: true });

/** A name for a secret key of AWS, in the ways of environments, files and programs, up to the value. */
const AWS_SECRET = /(?:aws_?)?secret_?(?:access_?)?key(?:\\?["'])?\s{0,8}(?:=>|:=|=|:|>)?\s{0,8}(?:\\?["'])?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/iy;

/**
 * The kinds of secrets that are known by their form, as their issuers document it. Keys without a form of their own (forty
 * letters and digits) are not looked for: they are also what hashes and identifiers are.
 */
export const SECRET_RULES: readonly SecretRule[] = [
  apart(rule("aws-access-key-id", "AKIA ASIA ABIA ACCA", /A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Z0-9])/y)),
  rule("aws-secret-access-key", "aws_secret_key AWS_SECRET_KEY secret_access_key SECRET_ACCESS_KEY secretAccessKey SecretAccessKey secretaccesskey", AWS_SECRET),
  apart(rule("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", /gh[pousr]_[A-Za-z0-9_]{36,255}/y)),
  rule("github-fine-grained-token", "github_pat_", /github_pat_[A-Za-z0-9_]{40,255}/y),
  rule("gitlab-token", "glpat- gldt- glrt- glptt- glft- glimt- glagent- glsoat- glcbt- gloas- glffct-", /gl(?:pat|dt|rt|ptt|ft|imt|agent|soat|cbt|oas|ffct)-[A-Za-z0-9_.-]{20,300}/y),
  rule("slack-token", "xoxa- xoxb- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- xoxc- xoxd-", /xox[abceoprsd][-.](?=[A-Za-z%_.-]{0,100}\d)[A-Za-z0-9%_.-]{10,500}/y),
  rule("slack-app-token", "xapp-", /xapp-\d-[A-Za-z0-9-]{20,300}/y),
  rule("slack-webhook", "hooks.slack.com/services/ hooks.slack.com/workflows/", /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/]{20,200}/y),
  rule("stripe-key", "sk_live_ rk_live_ sk_test_ rk_test_", /[sr]k_(?:live|test)_[A-Za-z0-9]{10,250}/y),
  rule("stripe-webhook-secret", "whsec_", /whsec_[A-Za-z0-9+/=]{24,100}/y),
  rule("npm-token", "npm_", /npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/y),
  rule("pypi-token", "pypi-", /pypi-AgE[A-Za-z0-9_-]{50,1000}/y),
  rule("rubygems-key", "rubygems_", /rubygems_[a-f0-9]{48}/y),
  rule("anthropic-key", "sk-ant-", /sk-ant-[A-Za-z0-9_-]{20,250}/y),
  apart(rule("openai-key", "sk-", /sk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,250}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48}(?![A-Za-z0-9]))/y)),
  rule("openrouter-key", "sk-or-", /sk-or-v1-[a-f0-9]{64}/y),
  apart(rule("google-api-key", "AIza", /AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/y)),
  apart(rule("google-oauth-token", "ya29.", /ya29\.[A-Za-z0-9_-]{20,2000}/y)),
  rule("google-oauth-secret", "GOCSPX-", /GOCSPX-[A-Za-z0-9_-]{28}/y),
  rule("gcp-service-account", "private_key_id", /private_key_id\\?["']?\s{0,8}[:=]\s{0,8}\\?["']?([a-f0-9]{40})(?![a-f0-9])/y),
  rule("azure-storage-key", "AccountKey=", /AccountKey=([A-Za-z0-9+/]{86}==)/y),
  rule("docker-token", "dckr_pat_ dckr_oat_", /dckr_[po]at_[A-Za-z0-9_-]{20,200}/y),
  apart(rule("hugging-face-token", "hf_", /hf_[A-Za-z0-9]{34,40}(?![A-Za-z0-9])/y)),
  rule("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", /do[por]_v1_[a-f0-9]{64}/y),
  apart(rule("sendgrid-key", "SG.", /SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/y)),
  apart(rule("twilio-key", "SK", /SK[a-f0-9]{32}(?![A-Za-z0-9])/y)),
  rule("shopify-token", "shpat_ shpca_ shppa_ shpss_", /shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}/y),
  rule("square-token", "sq0atp- sq0csp-", /sq0(?:atp|csp)-[A-Za-z0-9_-]{22,60}/y),
  rule("linear-key", "lin_api_ lin_oauth_", /lin_(?:api|oauth)_[A-Za-z0-9]{32,80}/y),
  apart(rule("notion-token", "ntn_ secret_", /(?:ntn_[A-Za-z0-9]{40,60}|secret_[A-Za-z0-9]{43})(?![A-Za-z0-9])/y)),
  rule("atlassian-token", "ATATT3 ATCTT3", /AT[AC]TT3[A-Za-z0-9_=-]{100,300}/y),
  apart(rule("databricks-token", "dapi", /dapi[a-f0-9]{32}(?![A-Za-z0-9])/y)),
  apart(rule("grafana-token", "glsa_ glc_", /(?:glsa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8}|glc_[A-Za-z0-9+/=]{32,400})/y)),
  apart(rule("vault-token", "hvs. hvb. hvr.", /hv[sbr]\.[A-Za-z0-9_-]{24,500}/y)),
  rule("discord-webhook", "discord.com/api/webhooks/ discordapp.com/api/webhooks/", /discord(?:app)?\.com\/api\/webhooks\/\d{15,25}\/[A-Za-z0-9_-]{60,100}/y),
  rule("planetscale-token", "pscale_", /pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,100}/y),
  rule("age-key", "AGE-SECRET-KEY-1", /AGE-SECRET-KEY-1[A-Z0-9]{58}/y),
  apart(rule("supabase-token", "sbp_", /sbp_[a-f0-9]{40}/y)),
  apart(rule("groq-key", "gsk_", /gsk_[A-Za-z0-9]{52}/y)),
  apart(rule("xai-key", "xai-", /xai-[A-Za-z0-9]{80}/y)),
  apart(rule("perplexity-key", "pplx-", /pplx-[A-Za-z0-9]{40,80}/y)),
  apart(rule("replicate-token", "r8_", /r8_[A-Za-z0-9]{37}(?![A-Za-z0-9])/y)),
  apart(rule("tavily-key", "tvly-", /tvly-[A-Za-z0-9-]{20,80}/y)),
  rule("new-relic-key", "NRAK-", /NRAK-[A-Z0-9]{27}/y),
  apart(rule("pulumi-token", "pul-", /pul-[a-f0-9]{40}(?![a-f0-9])/y)),
  rule("postman-key", "PMAK-", /PMAK-[a-f0-9]{24}-[a-f0-9]{34}/y),
  apart(rule("doppler-token", "dp.pt. dp.st. dp.ct. dp.sa.", /dp\.(?:pt|ct|sa|st\.[a-z0-9_-]{1,40})\.[A-Za-z0-9]{40,48}/y)),
  rule("figma-token", "figd_", /figd_[A-Za-z0-9_-]{38,60}/y),
  rule("sentry-token", "sntrys_ sntryu_", /sntry[su]_[A-Za-z0-9+/=_-]{40,500}/y),
  rule("terraform-token", ".atlasv1.", /\.atlasv1\.[A-Za-z0-9_=-]{60,70}/y),
  apart(rule("json-web-token", "eyJ", /eyJ[A-Za-z0-9_-]{10,20000}\.eyJ[A-Za-z0-9_-]{8,20000}\.[A-Za-z0-9_-]{10,2000}/y)),
];
