import { AppError } from "@sbx/contracts";
import type { EngineId, ImageEngine } from "../ports/engine.ts";

/** An account file of an image; empty where it has none. @throws AppError `ENGINE_UNREACHABLE` */
export async function readAccounts(engine: ImageEngine, image: EngineId, path: string): Promise<string> {
  try {
    return (await engine.readFile(image, path)).toString("utf8");
  } catch (error) {
    if (AppError.is(error) && error.code === "ENGINE_UNREACHABLE") throw error;
    return "";
  }
}
