import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { show } from "../show.ts";

export interface BindOptions {
  readonly name: string;
  readonly server: string;
  readonly json?: true | undefined;
}

/** Let a server use a secret, and say which server that is: the name alone does not tell. */
export async function bindSecret({ daemon, io }: Context, { name, server, json }: BindOptions): Promise<void> {
  const { client } = await daemon.connect();
  const result = await client.bindSecret({ name, server });
  show(io, json, {
    result,
    lines: (binding) => [
      `bound: ${binding.secret} to ${binding.server} of the catalog "${cleanText(binding.catalog)}", which is ${cleanText(binding.source)} (take it back with: sbx secret unbind ${binding.secret} --server ${binding.server})`,
    ],
  });
}
