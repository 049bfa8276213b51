import createFetchClient from "openapi-fetch";

/** A client of the API at this address. What its types say comes from the API's own OpenAPI document. */
export function createClient({ url, token, fetch }) {
  return createFetchClient({
    baseUrl: url.replace(/\/+$/, ""),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(fetch === undefined ? {} : { fetch }),
  });
}

/** The data of a call that succeeded; throws an ApiProblem for any other. */
export async function answer(call) {
  const { data, error, response } = await call;
  if (response.ok) return data;
  throw new ApiProblem(response.status, error);
}

/** Why a request failed, as the API says it (RFC 9457). */
export class ApiProblem extends Error {
  constructor(status, problem) {
    const known = typeof problem === "object" && problem !== null ? problem : {};
    super(known.detail ?? `The answer is ${status}, from something that is no Lotus API.`);
    this.name = "ApiProblem";
    this.status = status;
    this.code = known.code ?? null;
    this.requestId = known.instance ?? null;
    this.errors = known.errors ?? [];
  }
}
