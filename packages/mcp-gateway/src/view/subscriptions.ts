import { RPC_CODES, RpcFailure } from "../jsonrpc/message.ts";
import type { Cause, ScopeMember } from "../scope-member.ts";
import type { Scope } from "./scope.ts";
import type { ServerSlot } from "./server-slot.ts";

/** Of a URI that is subscribed to: it is kept as long as somebody listens, and servers take any. */
const MAX_URI_LENGTH = 4096;

/** Find the server of a resource. @throws RpcFailure -32002 when nobody has it */
export function slotOfResource(scope: Scope, shown: string): { readonly slot: ServerSlot; readonly uri: string } {
  const owner = scope.resourceOwner(shown);
  const slot = owner === undefined ? undefined : scope.slot(owner.server);
  if (owner === undefined || slot === undefined) throw new RpcFailure(RPC_CODES.resourceUnknown, "Resource not found", { uri: shown });
  return { slot, uri: owner.uri };
}

/** Subscribe a session to a resource; the server is asked once for all sessions of the scope. */
export async function subscribe(scope: Scope, shown: string, cause: Cause): Promise<void> {
  if (shown.length > MAX_URI_LENGTH) throw new RpcFailure(RPC_CODES.invalidParams, `Invalid params: a uri that is subscribed to has at most ${MAX_URI_LENGTH} characters.`);
  const { slot, uri } = slotOfResource(scope, shown);
  const members = slot.subscriptions.get(uri);
  if (members !== undefined) {
    members.set(cause.member, shown);
    return;
  }
  if (slot.subscriptions.size >= scope.parts.limits.listItems) throw new RpcFailure(RPC_CODES.internal, "Too many subscriptions.");
  const mine = new Map([[cause.member, shown]]);
  slot.subscriptions.set(uri, mine);
  try {
    await slot.instance.request("resources/subscribe", { uri }, { cause });
  } catch (error) {
    if (slot.subscriptions.get(uri) === mine) slot.subscriptions.delete(uri);
    throw error;
  }
}

/** Give a subscription back; the server is told when it was the last. */
export function unsubscribe(scope: Scope, shown: string, who: ScopeMember): void {
  const { slot, uri } = slotOfResource(scope, shown);
  release(slot, uri, who);
}

/** Give back all subscriptions of a session that ends. */
export function releaseSubscriptions(scope: Scope, who: ScopeMember): void {
  for (const slot of scope.slots) for (const uri of slot.subscriptions.keys()) release(slot, uri, who);
}

function release(slot: ServerSlot, uri: string, who: ScopeMember): void {
  const members = slot.subscriptions.get(uri);
  if (members === undefined || !members.delete(who) || members.size > 0) return;
  slot.subscriptions.delete(uri);
  slot.instance.running?.request("resources/unsubscribe", { uri }).catch(() => undefined);
}
