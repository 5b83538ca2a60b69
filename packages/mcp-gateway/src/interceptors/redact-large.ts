import { cleanLarge } from "../large/clean-large.ts";
import { LargeText } from "../large/large-text.ts";
import type { FindSecrets } from "./find-secrets.ts";
import type { Redacted } from "./redact.ts";

/** Take the secrets out of the large texts of a value, encoded resources among them. The value itself where there are none. */
export async function redactLarge(value: unknown, find: FindSecrets): Promise<Redacted> {
  const rules: string[] = [];
  const walk = async (item: unknown, name: string): Promise<unknown> => {
    if (item instanceof LargeText) {
      const clean = await cleanLarge(item, find, { encoded: name === "blob" });
      rules.push(...(clean?.rules ?? []));
      return clean?.text ?? item;
    }
    if (!holdsLarge(item)) return item;
    if (Array.isArray(item)) return await Promise.all(item.map((one: unknown) => walk(one, "")));
    const entries = Object.entries(item as object).map(async ([key, member]: [string, unknown]): Promise<[string, unknown]> => [key, await walk(member, key)]);
    return Object.fromEntries(await Promise.all(entries));
  };
  return { value: await walk(value, ""), rules };
}

function holdsLarge(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return value instanceof LargeText || Object.values(value).some((item: unknown) => holdsLarge(item));
}
