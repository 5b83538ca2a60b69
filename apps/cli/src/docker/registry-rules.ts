import type { Context } from "../context.ts";
import { show, table } from "../show.ts";

/** `sbx docker rules`. */
export async function listRegistryRules({ daemon, io }: Context, { sandbox, json }: { readonly sandbox?: string | undefined; readonly json?: true | undefined }): Promise<void> {
  const { client } = await daemon.connect();
  const result = await client.listRegistryRules({ sandbox });
  show(io, json, {
    result,
    lines: (all) =>
      all.length === 0
        ? ["No rule lets agents bring images from a registry or give any to one. Allow some with: sbx docker allow-pull IMAGES"]
        : table(
            ["MAY", "IMAGES", "LOGIN", "FOR"],
            all.map((rule) => [rule.action, rule.images, rule.secret ?? "", rule.for]),
          ),
  });
}
