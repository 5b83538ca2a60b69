import { isIPv4 } from "node:net";
import type { Destination } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";

/** HOST, HOST:PORT or a URL as a person writes it; the port is 443 when nothing says otherwise. */
export function parseDestination(text: string): Destination {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? URL.parse(text) : null;
  const [, host, port] = url === null ? (/^([^\s:/?#@]+)(?::(\d{1,5}))?$/.exec(text) ?? []) : ["", url.hostname, url.port];
  const number = port === undefined || port === "" ? defaultPort(url) : Number(port);
  if (host === undefined || host === "" || number < 1 || number > 65_535)
    throw new AppError("USAGE", { message: `"${text}" is no destination`, fix: "Write HOST, HOST:PORT or a URL, for example: sbx policy check api.example.org:443" });
  if (isIPv4(host)) return { kind: "address", address: host, port: number };
  return { kind: "name", name: host.toLowerCase().replace(/\.$/, ""), port: number };
}

function defaultPort(url: URL | null): number {
  return url?.protocol === "http:" ? 80 : url?.protocol === "ssh:" ? 22 : 443;
}
