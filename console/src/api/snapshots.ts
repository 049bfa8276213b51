import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client.ts";
import { given, pagedList } from "./pages.ts";

export function snapshotsQuery(filter: { table?: string }) {
  return pagedList(["snapshots", filter], (cursor, signal) =>
    answer(
      api.GET("/api/v1/snapshots", {
        params: { query: { limit: 50, ...filter, ...given({ cursor }) } },
        signal,
      }),
    ),
  );
}

export function comparisonQuery(from: string, to: string) {
  return queryOptions({
    queryKey: ["comparison", from, to],
    queryFn: ({ signal }) =>
      answer(api.GET("/api/v1/snapshots/compare", { params: { query: { from, to } }, signal })),
    // Two snapshots never change.
    staleTime: Number.POSITIVE_INFINITY,
  });
}
