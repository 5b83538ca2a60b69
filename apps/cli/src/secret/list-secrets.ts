import type { Context } from "../context.ts";
import { show, table } from "../show.ts";

export async function listSecrets({ daemon, io }: Context, json: true | undefined): Promise<void> {
  const { client } = await daemon.connect();
  const result = await client.listSecrets({});
  show(io, json, {
    result,
    lines: (all) =>
      all.length === 0
        ? ["There is no secret. Keep one with: sbx secret set NAME"]
        : table(
            ["NAME", "SOURCE", "SET"],
            all.map(({ name, source, setAt }) => [name, source, setAt ?? "-"]),
          ),
  });
}
