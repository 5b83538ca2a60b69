/** Every dialect that sbx can put a key into. */
export const DIALECTS = ["anthropic", "openai", "google"] as const;
/** How a provider's clients speak: where they put the key, and how answers count tokens. */
export type Dialect = (typeof DIALECTS)[number];

/** A provider of models: where its API is, how its clients speak, and where the key is looked for. */
export interface ModelService {
  readonly service: string;
  readonly displayName: string;
  /** The provider's own address; the real key goes nowhere else. */
  readonly upstream: string;
  readonly dialect: Dialect;
  /** Header in which the provider takes the key, lower case, and its form: `%s` stands for the key. */
  readonly header: string;
  readonly format: "%s" | "Bearer %s";
  /** Name under which the key is kept: `sbx secret set NAME`. */
  readonly secret: string;
  /** Variables of the daemon's environment that may hold the real key, the first one that is set wins. */
  readonly environment: readonly string[];
  /** Shape that the provider's clients expect of a key: a prefix, then so many characters of the alphabet. */
  readonly keyShape: { readonly prefix: string; readonly length: number };
}

/** The model providers known so far, by service name. A profile names one of them. */
export const MODEL_SERVICES = {
  anthropic: {
    service: "anthropic",
    displayName: "Anthropic",
    upstream: "https://api.anthropic.com",
    dialect: "anthropic",
    header: "x-api-key",
    format: "%s",
    secret: "anthropic",
    environment: ["ANTHROPIC_API_KEY"],
    keyShape: { prefix: "sk-ant-api03-", length: 95 },
  },
  google: {
    service: "google",
    displayName: "Google Gemini",
    upstream: "https://generativelanguage.googleapis.com",
    dialect: "google",
    header: "x-goog-api-key",
    format: "%s",
    secret: "google",
    environment: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    keyShape: { prefix: "AIza", length: 35 },
  },
  openai: {
    service: "openai",
    displayName: "OpenAI",
    upstream: "https://api.openai.com",
    dialect: "openai",
    header: "authorization",
    format: "Bearer %s",
    secret: "openai",
    environment: ["OPENAI_API_KEY"],
    keyShape: { prefix: "sk-proj-", length: 156 },
  },
  qwen: {
    service: "qwen",
    displayName: "Alibaba Cloud Model Studio",
    upstream: "https://dashscope-intl.aliyuncs.com/compatible-mode",
    dialect: "openai",
    header: "authorization",
    format: "Bearer %s",
    secret: "qwen",
    environment: ["DASHSCOPE_API_KEY"],
    keyShape: { prefix: "sk-", length: 32 },
  },
} as const satisfies Record<string, ModelService>;

/** Name under which {@link MODEL_SERVICES} knows a provider. */
export type ModelServiceName = keyof typeof MODEL_SERVICES;

/** `undefined` when no such service is known. */
export function findModelService(name: string): ModelService | undefined {
  return Object.values<ModelService>(MODEL_SERVICES).find(({ service }) => service === name);
}
