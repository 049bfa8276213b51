import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client.ts";
import { everyPage, given } from "./pages.ts";

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

export function materialize(key: string, body: { full: boolean; keepOlder: boolean }) {
  return answer(api.POST("/api/v1/assets/{key}/materialize", { params: { path: { key } }, body }));
}
