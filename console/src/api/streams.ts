import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client.ts";
import { everyPage, given, pagedList } from "./pages.ts";

export interface StreamName {
  source: string;
  stream: string;
}

export const streamsQuery = queryOptions({
  queryKey: ["streams"],
  queryFn: ({ signal }) =>
    everyPage((cursor) =>
      answer(
        api.GET("/api/v1/streams", { params: { query: { limit: 1000, ...given({ cursor }) } }, signal }),
      ),
    ),
});

export function streamQuery(path: StreamName) {
  return queryOptions({
    queryKey: ["stream", path.source, path.stream],
    queryFn: ({ signal }) =>
      answer(api.GET("/api/v1/streams/{source}/{stream}", { params: { path }, signal })),
  });
}

export function batchesQuery(path: StreamName) {
  return pagedList(["batches", path.source, path.stream], (cursor, signal) =>
    answer(
      api.GET("/api/v1/streams/{source}/{stream}/batches", {
        params: { path, query: { limit: 50, ...given({ cursor }) } },
        signal,
      }),
    ),
  );
}

export type FileState = "fed" | "removed" | "lost";

export function filesQuery(path: StreamName, filter: { state?: FileState; prefix?: string }) {
  return pagedList(["files", path.source, path.stream, filter], (cursor, signal) =>
    answer(
      api.GET("/api/v1/streams/{source}/{stream}/files", {
        params: { path, query: { limit: 100, ...filter, ...given({ cursor }) } },
        signal,
      }),
    ),
  );
}

export type QuarantineFilter = Partial<StreamName> & { search?: string };

export function quarantineQuery(filter: QuarantineFilter) {
  return pagedList(["quarantine", filter], (cursor, signal) =>
    answer(
      api.GET("/api/v1/quarantine", {
        params: { query: { limit: 100, ...filter, ...given({ cursor }) } },
        signal,
      }),
    ),
  );
}

export function tick(path: StreamName) {
  return answer(api.POST("/api/v1/streams/{source}/{stream}/tick", { params: { path } }));
}

export function pause(path: StreamName) {
  return answer(api.POST("/api/v1/streams/{source}/{stream}/pause", { params: { path } }));
}

export function resume(path: StreamName) {
  return answer(api.POST("/api/v1/streams/{source}/{stream}/resume", { params: { path } }));
}

/** `key` null: all files of the stream that are set aside. */
export function retryFile(path: StreamName, key: string | null) {
  return answer(
    api.POST("/api/v1/streams/{source}/{stream}/quarantine/retry", { params: { path }, body: { key } }),
  );
}

export function dropFile(path: StreamName, key: string | null) {
  return answer(
    api.POST("/api/v1/streams/{source}/{stream}/quarantine/drop", { params: { path }, body: { key } }),
  );
}
