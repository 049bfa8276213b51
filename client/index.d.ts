import type { Client } from "openapi-fetch";
import type { components, operations, paths } from "./schema.js";

export type { components, operations, paths };

/** The shapes of the OpenAPI document, by name: `Schemas["AssetDetail"]`. */
export type Schemas = components["schemas"];

export interface ClientOptions {
  /** Where the API is: `http://127.0.0.1:4000`. */
  url: string;
  /** A secret of LOTUS_API_TOKEN; none where the API asks for none. */
  token?: string;
  /** Sends the requests; default: the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

export type LotusClient = Client<paths>;

/**
 * A client of the API at this address, typed by the API's own OpenAPI document:
 * `client.GET("/api/v1/assets/{key}", { params: { path: { key: "fct_sales" } } })`.
 */
export declare function createClient(options: ClientOptions): LotusClient;

/**
 * The data of a call that succeeded: `await answer(client.GET("/api/v1/streams"))`.
 * @throws ApiProblem for any other; what `fetch` throws when nobody answers.
 */
export declare function answer<T>(
  call: Promise<
    { data: T; error?: never; response: Response } | { data?: never; error: unknown; response: Response }
  >,
): Promise<T>;

/** Why a request failed, as the API says it (RFC 9457). `message` says what happened and what to do next. */
export declare class ApiProblem extends Error {
  constructor(status: number, problem: unknown);
  /** Of the answer. */
  readonly status: number;
  /** Stable: docs/reference/errors.md has each. Null where what answered is no Lotus API. */
  readonly code: string | null;
  /** As it stands in the API's log. */
  readonly requestId: string | null;
  /** What is wrong with the request, and where. */
  readonly errors: readonly { at: string; message: string }[];
}
