import * as z from "zod";

const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((value) => value ?? undefined);
const list = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .array(schema)
    .nullish()
    .transform((value) => value ?? []);
const Scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const INPUT = {
  description: optional(z.string()),
  value: optional(Scalar),
  default: optional(Scalar),
  isRequired: optional(z.boolean()),
  isSecret: optional(z.boolean()),
  format: optional(z.string()),
  choices: list(Scalar),
};

/** Something that a person may have to fill in: a variable of a value. */
export const InputVariable = z.object(INPUT);
export type InputVariable = z.output<typeof InputVariable>;

const variables = optional(z.record(z.string(), InputVariable));

/** A variable of the environment, or a header. */
export const NamedInput = z.object({ ...INPUT, name: z.string(), variables });
export type NamedInput = z.output<typeof NamedInput>;

/** An argument: by place, or by name as `--name=value`. */
export const Argument = z.object({ ...INPUT, type: optional(z.string()), name: optional(z.string()), valueHint: optional(z.string()), variables });
export type Argument = z.output<typeof Argument>;

/** A package of a `server.json`; the older spelling of keys is read too. */
export const ServerPackage = z.object({
  registryType: optional(z.string()),
  registry_type: optional(z.string()),
  identifier: z.string(),
  version: optional(Scalar),
  fileSha256: optional(z.string()),
  transport: optional(z.object({ type: optional(z.string()) })),
  runtimeArguments: list(Argument),
  packageArguments: list(Argument),
  environmentVariables: list(NamedInput),
});
export type ServerPackage = z.output<typeof ServerPackage>;

/** A server that somebody runs, by address. */
export const ServerRemote = z.object({ type: optional(z.string()), url: z.string(), headers: list(NamedInput), variables });
export type ServerRemote = z.output<typeof ServerRemote>;

/** Each is judged by itself, so that a broken one does not lose the others. */
const some = optional(z.array(z.unknown()).max(50, "there are more than 50")).transform((items) => items ?? []);

/** The document of the community registry, of which we use this. */
export const ServerJson = z.object({
  name: z.string().min(1).max(400),
  title: optional(z.string()),
  description: optional(z.string()),
  version: optional(Scalar),
  websiteUrl: optional(z.string()),
  repository: optional(z.object({ url: optional(z.string()) })),
  icons: list(z.object({ src: optional(z.string()) })),
  packages: some,
  remotes: some,
  _meta: optional(z.record(z.string(), z.unknown())),
});
export type ServerJson = z.output<typeof ServerJson>;
