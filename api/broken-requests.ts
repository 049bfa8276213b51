import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { LotusError } from "../common/errors.ts";
import { PROBLEM_TYPE, problemOf } from "./problems.ts";

/** Answers what Node cannot read as a request, before any route is known; then it hangs up. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  // Whoever is gone is not answered.
  if (error.code === "ECONNRESET" || !socket.writable) return;
  const isTooLarge = error.code === "HPE_HEADER_OVERFLOW";
  const [status, fault] = isTooLarge
    ? [431, new LotusError("REQUEST_TOO_LARGE", "The address and headers are too large. Send less at once.")]
    : [400, new LotusError("REQUEST_INVALID", "This is no HTTP request that can be read. Send another.")];
  const body = JSON.stringify(problemOf(fault, randomUUID(), status));
  const head = [
    `HTTP/1.1 ${status} ${isTooLarge ? "Request Header Fields Too Large" : "Bad Request"}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
