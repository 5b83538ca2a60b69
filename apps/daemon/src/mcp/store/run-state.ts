import type { GatewayState } from "@sbx/mcp-gateway";
import type { ScopeBase } from "./gateway-state.ts";
import { changesBetween, withChanges, type ScopeChanges } from "./scope-changes.ts";

/**
 * Memory of a gateway that lives as long as a command: its clients begin with the servers of that command, and what they
 * change is forgotten with them. Profiles are those of everybody on this machine.
 */
export function createRunState(shared: Pick<GatewayState, "profile" | "putProfile">, base: ScopeBase): GatewayState {
  const changed = new Map<string, ScopeChanges>();
  return {
    servers({ scope }) {
      const changes = changed.get(scope);
      return changes === undefined ? base() : withChanges(base(), changes);
    },
    put: ({ scope }, servers) => void changed.set(scope, changesBetween(base(), servers)),
    forget: ({ scope }) => void changed.delete(scope),
    profile: (id, caller) => shared.profile(id, caller),
    putProfile: (profile, caller) => {
      shared.putProfile(profile, caller);
    },
  };
}
