import { AppError } from "@sbx/contracts/app-error";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { show } from "../show.ts";

/** Whom a secret is bound to: a server of a catalog or a host, exactly one of the two. */
export interface BoundTo {
  readonly server?: string | undefined;
  readonly host?: string | undefined;
}

/** Let a server or a host have a secret, and say which that is: a server's name alone does not tell. */
export async function bindSecret(context: Context, name: string, { json, ...to }: BoundTo & { readonly json?: true | undefined }): Promise<void> {
  const { server, host } = oneOf(to);
  const { client } = await context.daemon.connect();
  if (host !== undefined) {
    show(context.io, json, {
      result: await client.bindSecretToHost({ name, host }),
      lines: (binding) => [`bound: ${binding.secret} to the host ${binding.host} (take it back with: sbx secret unbind ${binding.secret} --host '${binding.host}')`],
    });
    return;
  }
  show(context.io, json, {
    result: await client.bindSecret({ name, server }),
    lines: (binding) => [
      `bound: ${binding.secret} to ${binding.server} of the catalog "${cleanText(binding.catalog)}", which is ${cleanText(binding.source)} (take it back with: sbx secret unbind ${binding.secret} --server ${binding.server})`,
    ],
  });
}

/** Take a secret from a server or a host. */
export async function unbindSecret({ daemon, io }: Context, name: string, to: BoundTo): Promise<void> {
  const { server, host } = oneOf(to);
  const { client } = await daemon.connect();
  await (host === undefined ? client.unbindSecret({ name, server }) : client.unbindSecretFromHost({ name, host }));
  io.out(`${name}\n`);
}

function oneOf({ server, host }: BoundTo): { readonly server: string; readonly host?: undefined } | { readonly server?: undefined; readonly host: string } {
  if (server !== undefined && host === undefined) return { server };
  if (host !== undefined && server === undefined) return { host };
  throw new AppError("USAGE", {
    message: server === undefined ? "Neither a server nor a host is named" : "Both a server and a host are named",
    fix: "Name one: --server SERVER for an MCP server of a catalog, or --host HOST for requests to a host.",
  });
}
