import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ApiToken, Role } from "../common/api-tokens.ts";
import { LotusError } from "../common/errors.ts";

/** Who a request comes from. */
export interface Caller {
  name: string;
  role: Role;
}

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller;
  }
  interface FastifyContextConfig {
    /** What a caller must be; null: anybody may ask. Default: `viewer` for GET, `operator` for the rest. */
    role?: Role | null;
    /** Takes the token in the query string too: for senders that know no headers. */
    tokenInQuery?: boolean;
  }
}

/** Without tokens, whoever reaches the loopback interface of this machine. */
const LOCAL: Caller = { name: "local", role: "operator" };

/**
 * Lets requests in by their bearer token. Without tokens it is loopback alone that is listened on, and a browser is
 * kept from being made a go-between: the request must name this machine, and come from no other site's page.
 */
export function guardAccess(app: FastifyInstance, tokens: readonly ApiToken[]): void {
  const known = tokens.map((token) => ({ ...token, digest: digestOf(token.secret) }));
  app.decorateRequest("caller");
  // After the rate limit, which stands at onRequest of each route: guesses count too.
  app.addHook("preParsing", async (request) => {
    const {
      role = request.method === "GET" || request.method === "HEAD" ? "viewer" : "operator",
      tokenInQuery = false,
    } = request.routeOptions.config;
    if (role === null) return;
    if (known.length === 0) {
      refuseOtherSites(request);
      request.caller = LOCAL;
      return;
    }
    const secret = bearerOf(request) ?? (tokenInQuery ? queryTokenOf(request) : null);
    const caller = secret === null ? null : find(secret);
    if (!caller) {
      const text = secret === null ? "Send a token" : "This token is not known. Send another";
      throw new LotusError(
        "UNAUTHENTICATED",
        `${text}: \`Authorization: Bearer TOKEN\` (LOTUS_API_TOKEN has them).`,
      );
    }
    request.caller = caller;
    if (role === "operator") refuseViewer(caller);
  });

  /** Every token is compared, each in constant time. */
  function find(secret: string): Caller | null {
    const digest = digestOf(secret);
    let found: Caller | null = null;
    for (const token of known) {
      if (timingSafeEqual(token.digest, digest)) found = { name: token.name, role: token.role };
    }
    return found;
  }
}

/** @throws LotusError FORBIDDEN for one who may only look. */
export function refuseViewer({ name, role }: Caller): void {
  if (role === "operator") return;
  throw new LotusError("FORBIDDEN", `${name} may look and not touch. Ask with an operator's token.`);
}

function digestOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

function bearerOf(request: FastifyRequest): string | null {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? null;
}

function queryTokenOf(request: FastifyRequest): string | null {
  const { token } = request.query as Record<string, unknown>;
  return typeof token === "string" && token !== "" ? token : null;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/** @throws LotusError FORBIDDEN for a name that only points here (DNS rebinding), and for another site's page. */
function refuseOtherSites({ headers }: FastifyRequest): void {
  if (!LOOPBACK.test(headers.host ?? "")) {
    throw new LotusError(
      "FORBIDDEN",
      "Without tokens, only requests to 127.0.0.1 or localhost are answered. Set LOTUS_API_TOKEN.",
    );
  }
  const site = headers["sec-fetch-site"];
  const foreign = headers.origin !== undefined && headers.origin !== `http://${headers.host}`;
  if (foreign || (site !== undefined && site !== "same-origin" && site !== "none")) {
    throw new LotusError(
      "FORBIDDEN",
      "Without tokens, pages of other sites are not answered. Set LOTUS_API_TOKEN.",
    );
  }
}
