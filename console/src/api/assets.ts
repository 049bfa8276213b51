import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client.ts";
import { everyPage, given } from "./pages.ts";
import type { Accepted } from "./types.ts";

export const assetsQuery = queryOptions({
  queryKey: ["assets"],
  queryFn: ({ signal }) =>
    everyPage((cursor) =>
      answer(api.GET("/api/v1/assets", { params: { query: { limit: 1000, ...given({ cursor }) } }, signal })),
    ),
});

export const lineageQuery = queryOptions({
  queryKey: ["lineage"],
  queryFn: ({ signal }) => answer(api.GET("/api/v1/lineage", { signal })),
});

export function assetQuery(key: string) {
  return queryOptions({
    queryKey: ["asset", key],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/assets/{key}", { params: { path: { key } }, signal })),
  });
}

/** What taking a table back to a snapshot would do. Changes nothing. */
export function rollBackPlanQuery(key: string, snapshot: number) {
  return queryOptions({
    queryKey: ["rollback", key, snapshot],
    queryFn: async ({ signal }) => {
      const { plan } = await answer(
        api.POST("/api/v1/assets/{key}/rollback", {
          params: { path: { key } },
          body: { to: snapshot, dryRun: true },
          signal,
        }),
      );
      return plan;
    },
    staleTime: 0,
  });
}

/** Takes a table back, and holds it there. */
export async function rollBack(key: string, snapshot: number): Promise<Accepted> {
  const started = await answer(
    api.POST("/api/v1/assets/{key}/rollback", {
      params: { path: { key } },
      body: { to: snapshot, dryRun: false },
    }),
  );
  // What is no dry run has a run.
  return started as Accepted;
}

export function release(key: string) {
  return answer(api.POST("/api/v1/assets/{key}/release", { params: { path: { key } } }));
}

export function materialize(key: string, body: { full: boolean; keepOlder: boolean }) {
  return answer(api.POST("/api/v1/assets/{key}/materialize", { params: { path: { key } }, body }));
}
