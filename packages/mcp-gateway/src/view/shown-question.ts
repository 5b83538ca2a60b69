import { member, text, type JsonObject } from "../jsonrpc/json.ts";
import { RPC_CODES, RpcFailure } from "../jsonrpc/message.ts";
import { visibleDefinition, visibleText } from "./visible-text.ts";

const MAX_ID_LENGTH = 256;

/** Whether a question sends a person to a page, and does not show a form. */
export function isPageToVisit(params: JsonObject | undefined): boolean {
  return text(params, "mode") === "url";
}

/**
 * A server's question as a person gets it. They decide by what they see: whose question it is cannot be written over, and nothing
 * is asked that is not seen.
 *
 * @throws RpcFailure for one that could only mislead
 */
export function shownQuestion(server: string, asked: JsonObject): JsonObject {
  const shown = visibleDefinition(asked);
  if ((text(shown, "elicitationId")?.length ?? 0) > MAX_ID_LENGTH) throw refusal(`An elicitationId has at most ${MAX_ID_LENGTH} characters.`);
  const message = `[${server}] ${text(shown, "message") ?? ""}`;
  if (isPageToVisit(shown)) return { ...shown, message, url: pageToVisit(shown) };
  checkForm(shown);
  return { ...shown, message };
}

/** An address that a browser may be sent to, as the browser will show it. */
function pageToVisit(params: JsonObject): string {
  const url = URL.parse(text(params, "url") ?? "");
  if (url?.protocol !== "https:" || url.username !== "" || url.password !== "") throw refusal("A person is sent to https addresses without a user's name only.");
  return url.href;
}

/** Fields are called what they are seen to be called. */
function checkForm(params: JsonObject): void {
  const names = Object.keys(member(member(params, "requestedSchema"), "properties") ?? {});
  if (names.some((name) => visibleText(name) !== name)) throw refusal("A field of a form has a name that is not seen whole.");
}

function refusal(why: string): RpcFailure {
  return new RpcFailure(RPC_CODES.invalidParams, why);
}
