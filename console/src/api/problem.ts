import type { components } from "../../../client/schema.d.ts";

type Problem = components["schemas"]["Problem"];

/** Why a request failed, in the API's own words. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly status: number;
  readonly code: string;
  /** The request's id, as in the server's log; null where no server answered. */
  readonly instance: string | null;

  constructor(status: number, code: string, message: string, instance: string | null) {
    super(message);
    this.status = status;
    this.code = code;
    this.instance = instance;
  }
}

/** Reads a failed response; one that is no problem document comes from something between us and the API. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  try {
    const { status, code, detail, instance } = (await response.json()) as Problem;
    if (typeof detail === "string") return new ApiProblem(status, code, detail, instance);
  } catch {
    // No JSON: a proxy's own page.
  }
  if (response.status >= 502 && response.status <= 504) return unreachable();
  const text = `The server answered ${response.status} ${response.statusText}`.trim();
  return new ApiProblem(response.status, "UNKNOWN", text, null);
}

export function unreachable(): ApiProblem {
  return new ApiProblem(0, "UNREACHABLE", "Lotus does not answer. It is asked again by itself.", null);
}

export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
