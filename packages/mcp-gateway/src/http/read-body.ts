import type { IncomingMessage } from "node:http";
import type { GatewayLimits } from "../limits.ts";
import { HttpRefusal } from "./refusal.ts";

/** Read a request's body, bounded in bytes and time. @throws HttpRefusal 413, 408, 400 */
export async function readBody(request: IncomingMessage, { bodyBytes, bodyMs }: Pick<GatewayLimits, "bodyBytes" | "bodyMs">): Promise<Buffer> {
  const tooLarge = (): HttpRefusal => new HttpRefusal(413, `The body is larger than ${bodyBytes} bytes.`);
  if (Number(request.headers["content-length"] ?? 0) > bodyBytes) throw tooLarge();
  return await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(() => {
      end(new HttpRefusal(408, `The body did not arrive within ${bodyMs / 1000} s.`));
    }, bodyMs);
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > bodyBytes) end(tooLarge());
      else chunks.push(chunk);
    };
    const onEnd = (): void => {
      end(undefined);
    };
    const onGone = (): void => {
      end(new HttpRefusal(400, "The body ended early."));
    };
    const end = (refusal: HttpRefusal | undefined): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
      // What comes after the end is not of interest, but its error would end the process.
      request.on("error", () => undefined);
      if (refusal === undefined) resolve(Buffer.concat(chunks, bytes));
      else {
        request.pause();
        reject(refusal);
      }
    };
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}
