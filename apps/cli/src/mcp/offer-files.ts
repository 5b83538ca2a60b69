import { existsSync } from "node:fs";
import path from "node:path";

/** Where projects say which MCP servers belong to them: ours, then the one of Docker's gateway. */
export const OFFER_FILES = [".sbx/mcp.yaml", "profiles.json"] as const;

/** Whether something lies at one of these places: most projects have nothing there, and then nothing more is loaded. */
export function mayOffer(workspace: string): boolean {
  return OFFER_FILES.some((file) => existsSync(path.join(workspace, file)));
}
