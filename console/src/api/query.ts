import { queryOptions } from "@tanstack/react-query";
import { answer, api, fetchOrExplain } from "./client.ts";
import { authorization } from "./session.ts";
import type { QueryResult } from "./types.ts";

export const tablesQuery = queryOptions({
  queryKey: ["tables"],
  queryFn: async ({ signal }) => (await answer(api.GET("/api/v1/tables", { signal }))).tables,
  staleTime: 60_000,
});

export interface Question {
  sql: string;
  maxRows: number;
}

const TIMEOUT_SECONDS = 300;

export async function ask(question: Question, signal: AbortSignal): Promise<QueryResult> {
  const response = await send({ ...question, format: "json" }, signal);
  return (await response.json()) as QueryResult;
}

/** The same question's answer as a file. */
export async function askForFile(question: Question, format: "csv" | "parquet"): Promise<Blob> {
  const response = await send({ ...question, format }, new AbortController().signal);
  return response.blob();
}

function send(body: Question & { format: string }, signal: AbortSignal): Promise<Response> {
  return fetchOrExplain(
    new Request("/api/v1/query", {
      method: "POST",
      headers: { "content-type": "application/json", ...authorization() },
      body: JSON.stringify({ ...body, timeoutSeconds: TIMEOUT_SECONDS }),
      signal,
    }),
  );
}
