import { InvalidArgumentError } from "@commander-js/extra-typings";
import type { LoopbackAddress, PublishedPortView, PublishPort } from "@sbx/contracts";

const HOSTS: Readonly<Record<string, LoopbackAddress>> = { "127.0.0.1": "127.0.0.1", localhost: "127.0.0.1", "[::1]": "::1", "::1": "::1" };

/** Read `[[HOST_IP:]HOST_PORT:]PORT[/tcp]`, as other tools write it. HOST_IP is this machine's loopback and nothing else. */
export function parsePublish(text: string): PublishPort {
  const [, host, hostPort, port, protocol] = /^(?:(?:(.+):)?(\d*):)?(\d+)(?:\/(\w+))?$/.exec(text) ?? [];
  if (port === undefined) throw new InvalidArgumentError("write a port such as 8080, or 3000:8080 for another number on this machine.");
  if (protocol !== undefined && protocol !== "tcp" && protocol !== "tcp4") throw new InvalidArgumentError("TCP ports alone are published.");
  const hostIp = host === undefined ? "127.0.0.1" : HOSTS[host];
  if (hostIp === undefined) throw new InvalidArgumentError(`ports are published at this machine's loopback alone, 127.0.0.1 or [::1], and not at "${host ?? ""}".`);
  return { hostIp, hostPort: hostPort === undefined || hostPort === "" ? 0 : portNumber(hostPort, 0), port: portNumber(port, 1) };
}

function portNumber(text: string, from: number): number {
  const port = Number(text);
  if (port < from || port > 65_535) throw new InvalidArgumentError("a port is a number from 1 to 65535.");
  return port;
}

/** Repeated published ports, gathered. */
export const collectPublish = (text: string, before: readonly PublishPort[]): readonly PublishPort[] => [...before, parsePublish(text)];

/** A published port as this machine sees it. */
export type HostSide = Pick<PublishedPortView, "hostIp" | "hostPort">;

/** Repeated ports of this machine, gathered: `8080`, `127.0.0.1:8080`, or as they were published, `8080:3000`. */
export function collectHostSide(text: string, before: readonly HostSide[]): readonly HostSide[] {
  const [, host = "127.0.0.1", port] = /^(?:(127\.0\.0\.1|localhost|\[::1\]|::1):)?(\d+)(?::\d+)?(?:\/tcp)?$/.exec(text) ?? [];
  if (port === undefined) throw new InvalidArgumentError("write a port of this machine, such as 8080 or 127.0.0.1:8080.");
  return [...before, { hostIp: HOSTS[host] ?? "127.0.0.1", hostPort: portNumber(port, 1) }];
}

/** `127.0.0.1:3000->80`, as other tools print it. */
export function portText({ hostIp, hostPort, port }: PublishedPortView): string {
  return `${hostIp === "::1" ? "[::1]" : hostIp}:${hostPort}->${port}`;
}
