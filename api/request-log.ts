import type { FastifyRequest } from "fastify";
import type { Logger } from "pino";

/** A log whose lines on requests have no token in them: some senders know no other place for it than the address. */
export function requestLogger(logger: Logger): Logger {
  return logger.child({}, { serializers: { req: describe } });
}

function describe({ method, url, ip }: FastifyRequest) {
  const [path, query] = url.split("?", 2);
  return { method, url: new URLSearchParams(query).has("token") ? `${path}?token=***` : url, from: ip };
}
