import type { ConfigOf, KnownType } from "./capability-configs.ts";
import type { Descriptor } from "./descriptor.ts";

interface CapabilityCommon {
  readonly name?: string | undefined;
  /** Where it stands, such as `capabilities[0]` or `capabilities[1].group.capabilities[0]`. */
  readonly path: string;
  /** Where it stood before its Kit was put together of others, as that says; nothing is decided by it. */
  readonly source?: DeclaredSource | undefined;
}

/** A place in another Kit's descriptor. */
export interface DeclaredSource {
  readonly kit: string;
  readonly path: string;
}

/** A capability whose configuration was read. */
export type ReadCapability<Type extends KnownType = KnownType> = { readonly [T in Type]: CapabilityCommon & { readonly known: true; readonly type: T; readonly config: ConfigOf<T> } }[Type];

/** A capability of a type that sbx does not know, whose configuration is nobody's business here; or one that waits for the variables of a sandbox. */
export interface UnreadCapability extends CapabilityCommon {
  readonly known: false;
  readonly type: string;
  readonly config: unknown;
}

/** A capability that a Kit declares, told apart by `known`: whether sbx could read its configuration. */
export type KitCapability = ReadCapability | UnreadCapability;

/** What is taken or left as a whole: one entry, or the members of a group. */
export interface Declaration {
  readonly path: string;
  readonly name?: string | undefined;
  readonly source?: DeclaredSource | undefined;
  readonly optional: boolean;
  readonly members: readonly KitCapability[];
}

/** A Kit's descriptor, checked against the grammar; whether sbx can carry it out is another question. */
export interface Kit {
  readonly descriptor: Omit<Descriptor, "capabilities">;
  readonly declarations: readonly Declaration[];
  /** Variables that the Kit's arguments export. */
  readonly argEnv: Readonly<Record<string, string>>;
  /** Arguments of the build. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Required arguments that nobody gave; where one is referred to, the Kit is refused already. */
  readonly lacksArgs: readonly string[];
}

export function isCapability<Type extends KnownType>(capability: KitCapability, type: Type): capability is Extract<KitCapability, { readonly known: true; readonly type: Type }> {
  return capability.known && capability.type === type;
}

/** The configuration of the first capability of a type. */
export function findConfig<Type extends KnownType>(capabilities: readonly KitCapability[], type: Type): ConfigOf<Type> | undefined {
  const found = capabilities.find((capability) => isCapability(capability, type));
  // The compiler does not carry a type parameter through `Extract`; the row's type was compared above.
  return found?.config as ConfigOf<Type> | undefined;
}
