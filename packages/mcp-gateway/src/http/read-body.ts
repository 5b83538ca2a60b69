import type { IncomingMessage } from "node:http";
import { HeldPieces } from "@sbx/contracts";
import type { ByteBudget } from "../byte-budget.ts";
import type { GatewayLimits } from "../limits.ts";
import { HttpRefusal } from "./refusal.ts";

export interface ReadBody {
  readonly limits: Pick<GatewayLimits, "bodyBytes" | "bodyMs">;
  /** What bodies that are being read count against, with those that the same caller sends beside it. */
  readonly budget: ByteBudget;
}

/** Read a request's body, bounded in bytes and time. @throws HttpRefusal 413, 408, 400, 503 */
export async function readBody(request: IncomingMessage, { limits: { bodyBytes, bodyMs }, budget }: ReadBody): Promise<Buffer> {
  const tooLarge = (): HttpRefusal => new HttpRefusal(413, `The body is larger than ${bodyBytes} bytes.`);
  if (Number(request.headers["content-length"] ?? 0) > bodyBytes) throw tooLarge();
  return await new Promise<Buffer>((resolve, reject) => {
    const held = new HeldPieces();
    const timer = setTimeout(() => {
      end(new HttpRefusal(408, `The body did not arrive within ${bodyMs / 1000} s.`));
    }, bodyMs);
    const onData = (chunk: Buffer): void => {
      if (held.length + chunk.length > bodyBytes) end(tooLarge());
      else if (!budget.take(chunk.length)) end(new HttpRefusal(503, "Too much is sent at once. Wait for answers first."));
      else held.push(chunk);
    };
    const onEnd = (): void => {
      end(undefined);
    };
    const onGone = (): void => {
      end(new HttpRefusal(400, "The body ended early."));
    };
    const end = (refusal: HttpRefusal | undefined): void => {
      clearTimeout(timer);
      budget.give(held.length);
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
      // What comes after the end is not of interest, but its error would end the process.
      request.on("error", () => undefined);
      if (refusal === undefined) resolve(held.take());
      else {
        request.pause();
        reject(refusal);
      }
    };
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}
