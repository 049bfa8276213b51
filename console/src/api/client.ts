import createClient from "openapi-fetch";
import type { paths } from "../../../client/schema.d.ts";
import { isAborted, problemOf, unreachable } from "./problem.ts";
import { authorization, signOut } from "./session.ts";

/** The API, typed by its OpenAPI document. Whatever is no success is thrown as an `ApiProblem`. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: fetchOrExplain });

api.use({
  onRequest({ request }) {
    for (const [name, value] of Object.entries(authorization())) request.headers.set(name, value);
    return request;
  },
});

/** The data of a call. Failures were thrown before. */
export async function answer<T>(call: Promise<{ data?: T | undefined }>): Promise<NonNullable<T>> {
  const { data } = await call;
  if (data === undefined || data === null) throw unreachable();
  return data;
}

/** `fetch` that throws what a failure means, and notices that the token is not known. */
export async function fetchOrExplain(input: Request): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(input);
  } catch (error) {
    throw isAborted(error) ? error : unreachable();
  }
  if (response.ok) return response;
  // An answer to the token of before says nothing about the one of now.
  const sent = input.headers.get("authorization");
  if (response.status === 401 && sent === (authorization().authorization ?? null)) signOut();
  throw await problemOf(response);
}
