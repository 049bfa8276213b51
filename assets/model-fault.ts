import { LotusError, messageOf } from "../common/errors.ts";

/** Wraps what a model's SQL throws, so that the message names the model and its file. */
export function modelFault(asset: string, file: string | null, error: unknown): LotusError {
  if (error instanceof LotusError && error.code === "MODEL_FAILED") return error;
  const reason = (messageOf(error).split("\n")[0] ?? "").trim();
  return new LotusError(
    "MODEL_FAILED",
    `${asset}${file ? ` (${file})` : ""}: ${reason}. Correct the model; nothing was written.`,
    { cause: error },
  );
}
