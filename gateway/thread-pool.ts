/**
 * What the gateway's process is started with: libuv's threads, as many as statements at once and one more
 * (lake/session.ts), so that a few slow ones leave room for others. It counts only before Node starts.
 */
export const threadPool = { UV_THREADPOOL_SIZE: "12" };
