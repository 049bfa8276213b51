import { queryOptions } from "@tanstack/react-query";
import type { paths } from "../../../client/schema.d.ts";
import { answer, api } from "./client.ts";
import { given, pagedList } from "./pages.ts";

type Query = NonNullable<paths["/api/v1/runs"]["get"]["parameters"]["query"]>;
export type RunFilter = Omit<Query, "limit" | "cursor">;

export function runsQuery(filter: RunFilter, limit = 50) {
  return pagedList(["runs", filter, limit], (cursor, signal) =>
    answer(
      api.GET("/api/v1/runs", { params: { query: { limit, ...filter, ...given({ cursor }) } }, signal }),
    ),
  );
}

export function runQuery(workflowId: string, runId: string | null) {
  return queryOptions({
    queryKey: ["run", workflowId, runId],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/api/v1/runs/{workflowId}", {
          params: { path: { workflowId }, query: given({ runId: runId ?? undefined }) },
          signal,
        }),
      ),
    refetchInterval: ({ state }) => (state.data?.status === "running" ? 3000 : false),
  });
}

export function cancelRun(workflowId: string, runId: string) {
  return answer(
    api.POST("/api/v1/runs/{workflowId}/cancel", { params: { path: { workflowId }, query: { runId } } }),
  );
}
