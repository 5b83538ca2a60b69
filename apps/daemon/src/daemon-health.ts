import type { DaemonPart, DaemonStatus, VaultStatus } from "@sbx/contracts";
import { stateOf, type LiveSandbox } from "@sbx/core";

/** What the health of the daemon's parts is read from. */
export interface HealthParts {
  readonly engine: DaemonStatus["engine"];
  readonly vault: VaultStatus;
  readonly sandboxes: readonly LiveSandbox[];
  /** How many events could not be written down since the start. */
  readonly lostEvents: number;
  readonly database: string;
}

/** Say of each part how it does, and what to do about one that does not do well. */
export function daemonHealth(parts: HealthParts): DaemonPart[] {
  return [engineHealth(parts.engine), recordHealth(parts), secretsHealth(parts.vault), networkHealth(parts.sandboxes)];
}

function engineHealth(engine: DaemonStatus["engine"]): DaemonPart {
  return engine.reachable
    ? { name: "engine", state: "ok", detail: `${engine.name} ${engine.version} (API ${engine.apiVersion}) at ${engine.endpoint}` }
    : { name: "engine", state: "failed", detail: `not reachable: ${engine.message}`, fix: engine.fix };
}

function recordHealth({ lostEvents, database }: HealthParts): DaemonPart {
  if (lostEvents === 0) return { name: "record", state: "ok", detail: database };
  return { name: "record", state: "degraded", detail: `${String(lostEvents)} events could not be written into ${database}`, fix: "See whether its disk is full; why is in: sbx daemon logs" };
}

function secretsHealth(vault: VaultStatus): DaemonPart {
  if (vault.state === "locked") return { name: "secrets", state: "failed", detail: vault.message, fix: vault.fix };
  return { name: "secrets", state: "ok", detail: vault.state === "absent" ? "none yet" : `${vault.file}, key in ${vault.key === "file" ? "a file" : "the keychain"}` };
}

/** A sandbox whose gate is dead has a network until the daemon ends; one that is cut off has none any more. */
function networkHealth(sandboxes: readonly LiveSandbox[]): DaemonPart {
  const running = sandboxes.flatMap((sandbox) => {
    const state = stateOf(sandbox);
    return state.phase === "running" ? [{ name: sandbox.record.name, network: state.network }] : [];
  });
  const named = (network: string): readonly string[] => running.flatMap((one) => (one.network === network ? [one.name] : []));
  const [cutOff, degraded] = [named("cut-off"), named("degraded")];
  const detail = `${String(running.length)} of sandboxes that run`;
  if (cutOff.length === 0 && degraded.length === 0) return { name: "networks", state: "ok", detail };
  const hurt = [...(cutOff.length === 0 ? [] : [`cut off: ${cutOff.join(", ")}`]), ...(degraded.length === 0 ? [] : [`without a gate: ${degraded.join(", ")}`])];
  return { name: "networks", state: cutOff.length > 0 ? "failed" : "degraded", detail: `${detail}; ${hurt.join("; ")}`, fix: "Start each of them anew: sbx stop NAME, then sbx start NAME" };
}
