import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client.ts";
import { given, pagedList } from "./pages.ts";
import type { Backfill, BackfillChunk, BackfillRequest } from "./types.ts";

export function backfillsQuery(filter: { state?: Backfill["state"] }) {
  return pagedList(["backfills", filter], (cursor, signal) =>
    answer(
      api.GET("/api/v1/backfills", {
        params: { query: { limit: 50, ...filter, ...given({ cursor }) } },
        signal,
      }),
    ),
  );
}

export function backfillQuery(id: string) {
  return queryOptions({
    queryKey: ["backfill", id],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/backfills/{id}", { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data?.endedAt === null ? 5000 : false),
  });
}

export function chunksQuery(id: string, filter: { state?: BackfillChunk["state"] }) {
  return pagedList(["chunks", id, filter], (cursor, signal) =>
    answer(
      api.GET("/api/v1/backfills/{id}/chunks", {
        params: { path: { id }, query: { limit: 100, ...filter, ...given({ cursor }) } },
        signal,
      }),
    ),
  );
}

/** Says what would happen. Changes nothing. */
export async function planBackfill(request: BackfillRequest) {
  const { plan } = await answer(api.POST("/api/v1/backfills", { body: { ...request, dryRun: true } }));
  return plan;
}

export function startBackfill(request: BackfillRequest, idempotencyKey: string) {
  return answer(api.POST("/api/v1/backfills", { body: { ...request, dryRun: false, idempotencyKey } }));
}

export function pauseBackfill(id: string) {
  return answer(api.POST("/api/v1/backfills/{id}/pause", { params: { path: { id } } }));
}

export function resumeBackfill(id: string) {
  return answer(api.POST("/api/v1/backfills/{id}/resume", { params: { path: { id } } }));
}

export function cancelBackfill(id: string) {
  return answer(api.POST("/api/v1/backfills/{id}/cancel", { params: { path: { id } } }));
}

/** `chunk` null: all that failed. */
export function retryChunk(id: string, chunk: number | null) {
  return answer(api.POST("/api/v1/backfills/{id}/retry", { params: { path: { id } }, body: { chunk } }));
}
