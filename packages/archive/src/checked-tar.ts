import { AppError, checkTarHeaders, UnfitTar } from "@sbx/contracts";

/** Extended headers are a few hundred bytes for each of the entries that a copy may have. */
const TOGETHER_BYTES = 256 << 20;

/** Pass on the bytes of a tar that nobody vouches for. @throws AppError `ARCHIVE_REFUSED` before a piece with a header that could be read in two ways or costs too much */
export async function* checkedTar(tar: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* checkTarHeaders(tar, { togetherBytes: TOGETHER_BYTES });
  } catch (error) {
    if (!(error instanceof UnfitTar)) throw error;
    throw new AppError("ARCHIVE_REFUSED", { message: `The tar stream is refused: ${error.message}`, fix: "Look at what is in the sandbox before you copy it.", cause: error });
  }
}
