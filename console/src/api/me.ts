import { queryOptions, useQuery } from "@tanstack/react-query";
import { answer, api } from "./client.ts";

/** Who asks, what they may do, and which lake answers. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => answer(api.GET("/api/v1/me", { signal })),
  // Another token is another session, which begins with nothing.
  staleTime: Number.POSITIVE_INFINITY,
});

/** Whether this token may look and not touch. Until that is known, buttons act as an operator's: the API refuses. */
export function useIsViewer(): boolean {
  return useQuery(meQuery).data?.role === "viewer";
}
