import * as z from "zod";
import { EnvName } from "./kit-text.ts";
import { strictShape } from "./strict-shape.ts";

const BASE_NAME = String.raw`[a-z0-9](?:[a-z0-9.+-]*[a-z0-9+])?`;
const NAME = new RegExp(`^(?:[a-z0-9-]+(?:\\.[a-z0-9-]+)+/)?${BASE_NAME}$`);
const OPERATORS = /^(?:>=|<=|>|<|=)\s*[0-9][0-9A-Za-z.+-]*$/;

const KitName = z.string().max(320).regex(NAME, "a name: lower-case letters, digits and - . +, with its own namespace before a slash if it has one");
const ProvidedName = z
  .string()
  .max(400)
  .refine((text) => {
    const [name = "", version, ...more] = text.split("@");
    return NAME.test(name) && !/^(?:deb|apk)\//.test(name) && more.length === 0 && (version === undefined || /^[0-9][0-9A-Za-z.+-]*$/.test(version));
  }, "a name, or name@version; deb/ and apk/ are derived, not written");
const RequiredName = z
  .string()
  .max(400)
  .refine((text) => {
    const [first = "", ...more] = text.split(",").map((part) => part.trim());
    const [name = "", ...operator] = first.split(/\s+/);
    return NAME.test(name.replace(/^(?:deb|apk)\//, "")) && [operator.join(" "), ...more].filter((part, index) => index > 0 || part !== "").every((part) => OPERATORS.test(part));
  }, "a name, or a name and versions such as: git >= 2.40, < 3");

const HttpsUrl = z.string().refine((text) => URL.canParse(text) && new URL(text).protocol === "https:" && new URL(text).hostname !== "", "an absolute https URL");
const CapabilityType = z
  .string()
  .max(300)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\/[a-z0-9]([a-z0-9-]*[a-z0-9])?@[1-9][0-9]*$/, "a capability's type, such as com.docker.sandbox/network-policy@1");

export const KitArg = strictShape({
  default: z.string().optional(),
  required: z.literal(true).optional(),
  enum: z.array(z.string()).min(1).optional(),
  pattern: z.string().max(500).optional(),
  env: EnvName.optional(),
  buildArg: EnvName.optional(),
  description: z.string().optional(),
}).superRefine((arg, context) => {
  const refuse = (message: string): void => {
    context.addIssue({ code: "custom", message });
  };
  if ((arg.default === undefined) === (arg.required === undefined)) refuse("an argument has either a default or required: true");
  if (arg.enum !== undefined && arg.pattern !== undefined) refuse("an argument has an enum or a pattern, not both");
  if (arg.env !== undefined && arg.buildArg !== undefined) refuse("an argument goes to env or to buildArg, not to both");
});
export type KitArg = z.output<typeof KitArg>;

const ImageReference = z
  .string()
  .max(400)
  .refine((text) => /^[a-z0-9][^\s]*$/.test(text) && !text.includes("://") && !text.startsWith("git+"), "a reference in a registry, without a path, an address or spaces");

/** One Kit of a set. */
const KitReference = strictShape({
  ref: ImageReference,
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 hexadecimal digits")
    .optional(),
  args: z.record(z.string().regex(/^[A-Za-z_]\w*$/, "an argument's name"), z.string()).default({}),
});

const KitSource = strictShape({ kit: z.string(), path: z.string().min(1) });

/** One entry of `capabilities`, before its own configuration is read. */
export const CapabilityEntry = strictShape({
  type: CapabilityType,
  name: z.string().optional(),
  optional: z.boolean().default(false),
  description: z.string().optional(),
  config: z.json().optional(),
  source: KitSource.optional(),
});

const GroupMember = strictShape({ type: CapabilityType, name: z.string().optional(), description: z.string().optional(), config: z.json().optional(), source: KitSource.optional() });

/** Capabilities that are taken all together or not at all. */
export const CapabilityGroup = strictShape({
  group: strictShape({ name: z.string().optional(), description: z.string().optional(), optional: z.boolean().default(false), capabilities: z.array(GroupMember).min(1).max(100) }),
  source: KitSource.optional(),
});

/** Top level of a descriptor. Capabilities are read one by one afterwards. */
export const Descriptor = strictShape({
  schemaVersion: z.literal("3", { error: 'the schemaVersion must be "3", in quotes' }),
  kind: z.enum(["workload", "mixin", "set"], { error: "a Kit is a workload, a mixin or a set" }),
  displayName: z.string().min(1).max(200).optional(),
  description: z.string().max(4000).optional(),
  author: z.string().max(200).optional(),
  sourceUrl: HttpsUrl.optional(),
  iconUrl: HttpsUrl.optional(),
  version: z
    .string()
    .max(100)
    .regex(/^[0-9]+(?:\.[0-9A-Za-z-]+)*$/, "a version such as 1.2.3, without v, in quotes")
    .optional(),
  licenses: z.array(z.string().min(1).max(300)).optional(),
  provides: z.array(ProvidedName).optional(),
  requires: z.array(RequiredName).optional(),
  integrates: z.array(RequiredName).optional(),
  conflicts: z.array(KitName).optional(),
  capabilities: z.array(z.unknown()).max(500).default([]),
  args: z.record(z.string().regex(/^[A-Za-z_]\w*$/, "an argument's name"), KitArg).default({}),
  build: z.string().min(1).optional(),
  dockerfile: z
    .string()
    .min(1)
    .max(1000)
    .refine((path) => !path.startsWith("/") && !path.split("/").includes(".."), "a path inside the Kit's directory")
    .optional(),
  kits: z.array(KitReference).min(1).max(100).optional(),
}).superRefine(({ build, dockerfile, kits, kind }, context) => {
  const refuse = (path: string, message: string): void => {
    context.addIssue({ code: "custom", message, path: [path] });
  };
  if ([build, dockerfile, kits].filter((part) => part !== undefined).length > 1) refuse(build === undefined ? "dockerfile" : "build", "build, dockerfile and kits exclude each other");
  if ((kits !== undefined) !== (kind === "set")) refuse(kits === undefined ? "kind" : "kits", "a set lists kits, and only a set does");
});
export type Descriptor = z.output<typeof Descriptor>;
