import type { Destination } from "@sbx/contracts";
import type { FirstBytes } from "./read-hello.ts";

/** Why a client's first bytes may not go to this destination, or `undefined`. On port 443 there must be TLS, and it must say for whom. */
export function judgeHello(first: FirstBytes, destination: Destination): string | undefined {
  const web = destination.port === 443;
  switch (first.kind) {
    case "invalid":
      return first.why;
    case "late":
      return "the client's first message did not come in time";
    case "ended":
      return web ? "the client ended before it said whom it wants" : undefined;
    case "other":
      return web ? "port 443 is for TLS, and the client speaks something else" : undefined;
    case "tls":
      return judgeServerName(first.serverName, destination, web);
  }
}

/** A rule of an address is about whoever answers there; a rule of a name is about that name only. */
function judgeServerName(serverName: string | undefined, destination: Destination, required: boolean): string | undefined {
  if (destination.kind === "address") return undefined;
  if (serverName === undefined) return required ? `the TLS client names no server, but the connection is for ${destination.name}` : undefined;
  const asked = serverName.toLowerCase();
  return asked === destination.name ? undefined : `the TLS client asks for ${asked.slice(0, 253)}, but the connection is for ${destination.name}`;
}
