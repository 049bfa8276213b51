import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { S3Connection } from "../../common/settings.ts";

interface Kept {
  body: Buffer;
  etag: string;
  modified: Date;
}

/** What an answer of the stand-in is made of. */
interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: Buffer | string;
}

/**
 * An S3 server in this process that keeps objects in a Map, under every key that there can be: versitygw keeps them as
 * files, and so cannot hold all of them. One bucket; as much of S3 as the AWS SDK and DuckDB need here; signatures are
 * not looked at.
 */
export class S3StandIn {
  readonly connection: S3Connection;
  readonly objects = new Map<string, Kept>();
  readonly #server;
  readonly #uploads = new Map<string, Map<number, Buffer>>();
  readonly #pageSize: number;

  private constructor(server: ReturnType<typeof createServer>, bucket: string, pageSize: number) {
    this.#server = server;
    this.#pageSize = pageSize;
    const { port } = server.address() as AddressInfo;
    this.connection = {
      endpoint: `http://127.0.0.1:${port}`,
      bucket,
      region: "us-east-1",
      accessKeyId: "stand-in",
      secretAccessKey: "stand-in",
    };
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  static async start(bucket: string, pageSize = 1000): Promise<S3StandIn> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new S3StandIn(server, bucket, pageSize);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request).catch(
      (error): Answer => ({ status: 500, body: String(error) }),
    );
    const body = Buffer.from(answer.body ?? "");
    response.writeHead(answer.status, { "content-length": body.length, ...answer.headers });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const [path = "", search = ""] = (request.url ?? "").split("?", 2);
    const query = new URLSearchParams(search);
    const [, bucket = "", ...parts] = path.split("/");
    const key = decodeURIComponent(parts.join("/"));
    if (decodeURIComponent(bucket) !== this.connection.bucket) return failure(404, "NoSuchBucket");
    if (key === "") return request.method === "GET" ? this.#list(query) : { status: 200 };
    if (query.has("uploads") || query.has("uploadId")) return this.#upload(request, key, query);
    if (request.method === "PUT") return this.#put(request, key);
    if (request.method === "DELETE") {
      this.objects.delete(key);
      return { status: 204 };
    }
    return this.#get(request, key);
  }

  #list(query: URLSearchParams): Answer {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
    const found = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && compareBytes(key, after) > 0)
      .sort(compareBytes);
    const page = found.slice(0, this.#pageSize);
    const url = query.get("encoding-type") === "url";
    const contents = page.map((key) => {
      const { body, etag, modified } = this.objects.get(key) as Kept;
      return `<Contents><Key>${url ? formEncoded(key) : escaped(key)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>&quot;${etag}&quot;</ETag><Size>${body.length}</Size></Contents>`;
    });
    const more = found.length > page.length;
    const next = more ? `<NextContinuationToken>${escaped(page.at(-1) ?? "")}</NextContinuationToken>` : "";
    return {
      status: 200,
      headers: { "content-type": "application/xml" },
      body: `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${
        url ? "<EncodingType>url</EncodingType>" : ""
      }${next}${contents.join("")}</ListBucketResult>`,
    };
  }

  #get(request: IncomingMessage, key: string): Answer {
    const kept = this.objects.get(key);
    if (!kept) return failure(404, "NoSuchKey");
    const wanted = request.headers["if-match"];
    if (wanted !== undefined && wanted.replaceAll('"', "") !== kept.etag)
      return failure(412, "PreconditionFailed");
    const headers = {
      etag: `"${kept.etag}"`,
      "last-modified": kept.modified.toUTCString(),
      "accept-ranges": "bytes",
    };
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    if (!range) {
      const length = { "content-length": String(kept.body.length) };
      return { status: 200, headers: { ...headers, ...length }, body: kept.body };
    }
    const start = Number(range[1]);
    const end = Math.min(range[2] ? Number(range[2]) : kept.body.length - 1, kept.body.length - 1);
    if (start > end) return failure(416, "InvalidRange");
    return {
      status: 206,
      headers: { ...headers, "content-range": `bytes ${start}-${end}/${kept.body.length}` },
      body: kept.body.subarray(start, end + 1),
    };
  }

  async #put(request: IncomingMessage, key: string): Promise<Answer> {
    const source = request.headers["x-amz-copy-source"];
    if (typeof source !== "string") {
      const etag = this.#keep(key, await bodyOf(request));
      return { status: 200, headers: { etag: `"${etag}"` } };
    }
    const from = decodeURIComponent(source)
      .replace(/^\//, "")
      .slice(this.connection.bucket.length + 1);
    const kept = this.objects.get(from);
    if (!kept) return failure(404, "NoSuchKey");
    const wanted = request.headers["x-amz-copy-source-if-match"];
    if (typeof wanted === "string" && wanted.replaceAll('"', "") !== kept.etag)
      return failure(412, "PreconditionFailed");
    const etag = this.#keep(key, kept.body);
    const body = `<CopyObjectResult><ETag>&quot;${etag}&quot;</ETag><LastModified>${new Date().toISOString()}</LastModified></CopyObjectResult>`;
    return { status: 200, headers: { "content-type": "application/xml" }, body };
  }

  /** How DuckDB writes every file: in parts. */
  async #upload(request: IncomingMessage, key: string, query: URLSearchParams): Promise<Answer> {
    if (query.has("uploads")) {
      const id = String(this.#uploads.size + 1);
      this.#uploads.set(id, new Map());
      return {
        status: 200,
        body: `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      };
    }
    const parts = this.#uploads.get(query.get("uploadId") ?? "");
    if (!parts) return failure(404, "NoSuchUpload");
    const body = await bodyOf(request);
    if (request.method === "PUT") {
      parts.set(Number(query.get("partNumber")), body);
      return { status: 200, headers: { etag: `"${md5(body)}"` } };
    }
    if (request.method === "POST") {
      const whole = [...parts].sort(([left], [right]) => left - right).map(([, part]) => part);
      const etag = this.#keep(key, Buffer.concat(whole));
      return {
        status: 200,
        body: `<CompleteMultipartUploadResult><ETag>&quot;${etag}&quot;</ETag></CompleteMultipartUploadResult>`,
      };
    }
    return { status: 204 };
  }

  #keep(key: string, body: Buffer): string {
    const etag = md5(body);
    this.objects.set(key, { body, etag, modified: new Date() });
    return etag;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const chunked = String(request.headers["content-encoding"] ?? "").includes("aws-chunked");
  return chunked ? unchunked(body) : body;
}

/** The content of a body in the SDK's own chunks: each has its length in hex, perhaps a signature, and the bytes. */
function unchunked(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf("\r\n", at);
    const length = Number.parseInt(body.subarray(at, end).toString(), 16);
    if (!length) return Buffer.concat(chunks);
    chunks.push(body.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
}

function md5(body: Buffer): string {
  return createHash("md5").update(body).digest("hex");
}

function failure(status: number, code: string): Answer {
  return {
    status,
    headers: { "content-type": "application/xml" },
    body: `<Error><Code>${code}</Code></Error>`,
  };
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** As S3 does it: a space is a plus. Half a surrogate pair stands for a byte that is no UTF-8. */
function formEncoded(key: string): string {
  const parts = key.split(/[\uD800-\uDFFF]/u).map(encodeURIComponent);
  return parts.join("%FF").replaceAll("%20", "+").replaceAll("%2F", "/");
}

function escaped(text: string): string {
  return text.replace(/[<>&"\p{Cc}]/gu, (character) => `&#${character.codePointAt(0)};`);
}
