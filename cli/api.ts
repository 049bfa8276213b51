import { setTimeout } from "node:timers/promises";
import { ApiProblem, answer, createClient, type LotusClient } from "../client/index.js";
import { errorCatalogue, LotusError, messageOf } from "../common/errors.ts";
import { readSettings, type Settings } from "../common/settings.ts";
import { rememberedApi } from "./running-project.ts";

/** The API of the lake that a command steers. */
export interface Api {
  client: LotusClient;
  /**
   * The answer of a call.
   * @throws LotusError with the code and text of the problem that the API answers; NOT_RUNNING when nobody answers.
   */
  ask<T>(call: (client: LotusClient) => Parameters<typeof answer<T>>[0]): Promise<T>;
}

/**
 * Finds the API: at LOTUS_API_URL, or where it listens for the lake on this state folder. Asks as the first operator
 * of LOTUS_API_TOKEN.
 * @throws LotusError NOT_RUNNING
 */
export function connectApi(settings: Settings = readSettings()): Api {
  const url = settings.api.url ?? rememberedApi(settings.stateDir);
  if (url === null)
    throw new LotusError(
      "NOT_RUNNING",
      `No API listens with the state folder ${settings.stateDir}. Start \`lotus up\` or \`lotus api\`, or set LOTUS_API_URL.`,
    );
  const { tokens } = settings.api;
  const { secret } = tokens.find(({ role }) => role === "operator") ?? tokens[0] ?? {};
  const client = createClient({ url, ...(secret === undefined ? {} : { token: secret }) });
  return {
    client,
    ask: async (call) => {
      try {
        return await answer(call(client));
      } catch (error) {
        throw toLotusError(error, url);
      }
    },
  };
}

const PATIENCE_MS = 60_000;

/** For one who waits anyway: asks again, for a minute, while nobody answers or a part is away. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (const began = Date.now(); ; await setTimeout(1000)) {
    try {
      return await ask();
    } catch (error) {
      const passing = error instanceof LotusError && (error.retryable || error.code === "NOT_RUNNING");
      if (!passing || Date.now() - began > PATIENCE_MS) throw error;
    }
  }
}

function toLotusError(error: unknown, url: string): LotusError {
  if (error instanceof ApiProblem && error.code !== null) {
    const code = error.code in errorCatalogue ? (error.code as keyof typeof errorCatalogue) : "INTERNAL";
    return new LotusError(code, error.message, { cause: error });
  }
  const reason = error instanceof ApiProblem ? error.message : causeOf(error);
  return new LotusError(
    "NOT_RUNNING",
    `The API at ${url} does not answer: ${reason.replace(/\.$/, "")}. Start \`lotus up\` or \`lotus api\`, or correct LOTUS_API_URL.`,
    { cause: error },
  );
}

/** `fetch failed` says little; its cause says why. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return messageOf(cause instanceof Error && cause.message !== "" ? cause : error);
}
