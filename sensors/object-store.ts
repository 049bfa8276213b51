import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { LotusError, messageOf } from "../common/errors.ts";
import type { S3Connection } from "../common/settings.ts";
import { listObjects } from "./listing.ts";
import { UNNAMEABLE } from "./raw-layout.ts";

/** An object as a listing shows it. */
export interface StoredObject {
  key: string;
  /** Without quotes. */
  etag: string;
  /** Bytes. */
  size: number;
  /** When it was written, as a listing says. */
  lastModified?: Date;
}

/** The bucket. Every method throws LotusError S3_UNREACHABLE when the server does not answer. */
export class ObjectStore {
  readonly bucket: string;
  readonly #client: S3Client;
  readonly #endpoint: string;

  constructor(connection: S3Connection) {
    this.bucket = connection.bucket;
    this.#endpoint = connection.endpoint ?? `AWS ${connection.region}`;
    this.#client = new S3Client({
      region: connection.region,
      credentials: { accessKeyId: connection.accessKeyId, secretAccessKey: connection.secretAccessKey },
      maxAttempts: 5,
      // A server that takes a request and never answers must not hold a sensor for ever.
      requestHandler: { connectionTimeout: 10_000, requestTimeout: 60_000 },
      ...(connection.endpoint ? { endpoint: connection.endpoint, forcePathStyle: true } : {}),
    });
  }

  /** `s3://bucket/key`: how the lake names an object. */
  url(key: string): string {
    return `s3://${this.bucket}/${key}`;
  }

  /**
   * Fails unless the bucket is there and answers.
   * @returns how long a request takes, ms: the fastest of three.
   */
  async check(): Promise<number> {
    let fastest = Number.POSITIVE_INFINITY;
    for (let request = 0; request < 3; request += 1) {
      const started = performance.now();
      await this.#send(() => this.#client.send(new HeadBucketCommand({ Bucket: this.bucket })));
      fastest = Math.min(fastest, performance.now() - started);
    }
    return fastest;
  }

  /**
   * One page of keys under `prefix` that sort after `startAfter`. Servers have had bugs around StartAfter
   * (SeaweedFS 10652, 11321), so the caller filters again; see listObjects.
   */
  async page(
    prefix: string,
    startAfter: string | null,
    token: string | null,
  ): Promise<{ objects: StoredObject[]; next: string | null }> {
    const answer = await this.#send(() =>
      this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.bucket,
          Prefix: prefix,
          // Keys may hold characters that XML cannot.
          EncodingType: "url",
          ...(token ? { ContinuationToken: token } : startAfter ? { StartAfter: startAfter } : {}),
        }),
      ),
    );
    const objects = (answer.Contents ?? []).map((entry) => ({
      // Not every server knows EncodingType; one that does says so.
      key: answer.EncodingType === "url" ? decodeKey(entry.Key ?? "") : (entry.Key ?? ""),
      etag: (entry.ETag ?? "").replaceAll('"', ""),
      size: entry.Size ?? 0,
      ...(entry.LastModified ? { lastModified: entry.LastModified } : {}),
    }));
    return { objects, next: answer.IsTruncated ? (answer.NextContinuationToken ?? null) : null };
  }

  /** All objects under `prefix`, a page at a time; see listObjects. */
  list(prefix: string): AsyncGenerator<StoredObject[]> {
    return listObjects(this, prefix, null);
  }

  /** The etag of an object, without quotes, or null when there is none. */
  async etag(key: string): Promise<string | null> {
    const answer = await this.#head(key);
    return answer && (answer.ETag ?? "").replaceAll('"', "");
  }

  /** When an object was written, to the second; null where there is none. */
  async lastModified(key: string): Promise<Date | null> {
    return (await this.#head(key))?.LastModified ?? null;
  }

  async #head(key: string): Promise<HeadObjectCommandOutput | null> {
    const request = new HeadObjectCommand({ Bucket: this.bucket, Key: key });
    try {
      return await this.#send(() => this.#client.send(request));
    } catch (error) {
      if (error instanceof LotusError && error.code === "NOT_FOUND") return null;
      throw error;
    }
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    await this.#send(() =>
      this.#client.send(new PutObjectCommand({ Bucket: this.bucket, Key: key, Body: body })),
    );
  }

  /** The object's bytes; with `etag`, only of that very object. */
  async get(key: string, etag?: string): Promise<Uint8Array> {
    const answer = await this.#send(() =>
      this.#client.send(
        new GetObjectCommand({ Bucket: this.bucket, Key: key, ...(etag ? { IfMatch: etag } : {}) }),
      ),
    );
    if (!answer.Body) throw new LotusError("NOT_FOUND", `s3://${this.bucket}/${key} has no body.`);
    return answer.Body.transformToByteArray();
  }

  /**
   * The bytes of an object as it was listed from `start` up to `end`, which is not included.
   * @returns null when the object is gone, or is another one by now.
   */
  async range(object: StoredObject, start: number, end: number): Promise<Uint8Array | null> {
    const request = new GetObjectCommand({
      Bucket: this.bucket,
      Key: object.key,
      IfMatch: object.etag,
      Range: `bytes=${start}-${end - 1}`,
    });
    try {
      const answer = await this.#send(() => this.#client.send(request));
      const bytes = await answer.Body?.transformToByteArray();
      return bytes?.length === end - start ? bytes : null;
    } catch (error) {
      if (CHANGED.includes(statusOf((error as Error).cause) ?? 0)) return null;
      throw error;
    }
  }

  /**
   * Copies an object as it was listed within the bucket, on the server.
   * @returns false when it is gone, or is another one by now.
   */
  async copy(from: StoredObject, to: string): Promise<boolean> {
    const source = `${this.bucket}/${from.key}`.split("/").map(encodeURIComponent).join("/");
    const request = { Bucket: this.bucket, Key: to, CopySource: source, CopySourceIfMatch: from.etag };
    try {
      // versitygw 1.8 takes this in a key for the mark that it is in the header, encoded or not.
      if (from.key.includes("?versionId=")) await this.put(to, await this.get(from.key, from.etag));
      else await this.#send(() => this.#client.send(new CopyObjectCommand(request)));
      return true;
    } catch (error) {
      const status = statusOf((error as Error).cause);
      if (status === 404 || status === 412) return false;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await this.#send(() => this.#client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key })));
  }

  /**
   * Deletes an object unless another one lies under its key by now. Not every server knows the condition in the
   * request, so that the etag is asked for first.
   * @returns whether the key is free.
   */
  async deleteExactly(key: string, etag: string): Promise<boolean> {
    const present = await this.etag(key);
    if (present === null) return true;
    if (present !== etag) return false;
    const request = new DeleteObjectCommand({ Bucket: this.bucket, Key: key, IfMatch: `"${etag}"` });
    try {
      await this.#send(() => this.#client.send(request));
      return true;
    } catch (error) {
      if (statusOf((error as Error).cause) === 412) return false;
      throw error;
    }
  }

  close(): void {
    this.#client.destroy();
  }

  async #send<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      if (statusOf(error) === 404) {
        throw new LotusError(
          "NOT_FOUND",
          `S3 at ${this.#endpoint}: ${this.bucket}: ${messageOf(error)}. Check the name.`,
          {
            cause: error,
          },
        );
      }
      throw new LotusError(
        "S3_UNREACHABLE",
        `S3 at ${this.#endpoint} (bucket ${this.bucket}) does not answer as it should: ${messageOf(error) || (error as Error).name}. ` +
          "Start it, or correct LOTUS_S3_ENDPOINT and the credentials.",
        { cause: error },
      );
    }
  }
}

/** What a server answers of an object that is gone, is another one, or is shorter than it was listed. */
const CHANGED = [404, 412, 416];

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/**
 * Keys listed with EncodingType=url are form-encoded: `+` is a space there, a real plus comes as %2B. A key that is no
 * text stays encoded, marked as UNNAMEABLE: one object must not stop the listing of all others.
 */
function decodeKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll("+", " ")).replaceAll("\0", UNNAMEABLE);
  } catch {
    return `${encoded}${UNNAMEABLE}`;
  }
}
