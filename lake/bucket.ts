/** An object as a listing shows it. */
export interface ListedObject {
  key: string;
  etag: string;
  /** Bytes. */
  size: number;
  lastModified?: Date;
}

/** What looking after the lake needs of its bucket; sensors/object-store.ts is one. */
export interface Bucket {
  /** `s3://bucket/key`: how the lake names an object. */
  url(key: string): string;
  /** All objects under a prefix, a page at a time. */
  list(prefix: string): AsyncIterable<ListedObject[]>;
  /** When an object was written, to the second; null where there is none. */
  lastModified(key: string): Promise<Date | null>;
  /** Succeeds where there is no object. */
  delete(key: string): Promise<void>;
  /** Deletes an object unless another one lies under its key by now. @returns whether the key is free. */
  deleteExactly(key: string, etag: string): Promise<boolean>;
}

/** Everything under it is the lake's own, and nothing else is. */
export const OWN_PREFIX = "lakehouse/";

/** How many objects are deleted at a time. */
export const DELETED_AT_ONCE = 16;
