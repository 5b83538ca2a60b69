import { AppError } from "@sbx/contracts";
import type { GatewayPort } from "./gateway-port.ts";

/** Stands where no gateway is composed: says so to whoever needs one. */
export function absentGateway(): GatewayPort {
  const refusal = (): AppError =>
    new AppError("PLATFORM_UNSUPPORTED", {
      message: "This daemon runs no MCP gateway",
      fix: "Catalogs, servers and profiles can be prepared already; bring sbx to a version with a gateway to use them.",
    });
  return {
    serveLines: () => Promise.reject(refusal()),
    listen: () => Promise.reject(refusal()),
    instances: () => [],
    logs: () => "",
    restart: () => Promise.resolve(0),
  };
}
