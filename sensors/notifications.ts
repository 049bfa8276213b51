import { z } from "zod";

/** An object that a notification is about. */
export interface NotifiedObject {
  /** Null where the sender does not say. */
  bucket: string | null;
  key: string;
}

// AWS, MinIO and others: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
const records = z.object({
  Records: z.array(
    z.looseObject({
      s3: z.looseObject({
        bucket: z.looseObject({ name: z.string() }),
        object: z.looseObject({ key: z.string() }),
      }),
    }),
  ),
});
// AWS by EventBridge: keys come as they are.
const eventBridge = z.looseObject({
  "detail-type": z.string(),
  detail: z.looseObject({
    bucket: z.looseObject({ name: z.string() }),
    object: z.looseObject({ key: z.string() }),
  }),
});
// AWS by SNS: the event is text within.
const sns = z.looseObject({ Type: z.literal("Notification"), Message: z.string() });
// What SNS asks before it sends anything: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
const snsConfirmation = z.looseObject({
  Type: z.literal("SubscriptionConfirmation"),
  SubscribeURL: z.url({ protocol: /^https$/ }),
});
// SeaweedFS (weed/notification/webhook): a path of the filer.
const seaweed = z.looseObject({ key: z.string(), event_type: z.string() });
// What S3 sends when a notification is set up.
const test = z.looseObject({ Event: z.literal("s3:TestEvent") });

/**
 * The objects that a notification of an S3 server is about, whichever shape it has: AWS's own (MinIO's is the same), by
 * SNS or EventBridge, or SeaweedFS's.
 * @returns null for a body of none of these shapes.
 */
export function notifiedObjects(body: unknown): NotifiedObject[] | null {
  const wrapped = sns.safeParse(body);
  if (wrapped.success) {
    try {
      return notifiedObjects(JSON.parse(wrapped.data.Message));
    } catch {
      return null;
    }
  }
  const many = records.safeParse(body);
  if (many.success)
    return many.data.Records.map(({ s3 }) => ({ bucket: s3.bucket.name, key: decodeFormKey(s3.object.key) }));
  const one = eventBridge.safeParse(body);
  if (one.success) return [{ bucket: one.data.detail.bucket.name, key: one.data.detail.object.key }];
  const path = seaweed.safeParse(body);
  if (path.success) return [filerObject(path.data.key)];
  return test.safeParse(body).success ? [] : null;
}

/** The address that somebody has to open before SNS sends anything; null for any other body. */
export function confirmationUrl(body: unknown): string | null {
  return snsConfirmation.safeParse(body).data?.SubscribeURL ?? null;
}

/** Keys are form-encoded there: `+` is a space. */
function decodeFormKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return key;
  }
}

/** `/buckets/BUCKET/KEY`, as SeaweedFS keeps its buckets. */
function filerObject(path: string): NotifiedObject {
  const [, bucket, key] = /^\/buckets\/([^/]+)\/(.*)$/s.exec(path) ?? [];
  return bucket !== undefined && key !== undefined
    ? { bucket, key }
    : { bucket: null, key: path.replace(/^\//, "") };
}

const airbyte = z.looseObject({
  data: z.looseObject({
    connection: z.looseObject({ name: z.string().optional() }).optional(),
    source: z.looseObject({ name: z.string().optional() }).optional(),
    jobId: z.union([z.number(), z.string()]).optional(),
    success: z.boolean().optional(),
  }),
});

// Older versions send what Slack shows, and nothing else.
const airbyteText = z.looseObject({ text: z.string() });

/** The end of a sync, as Airbyte's notification webhook tells it. */
export interface SyncEnd {
  /** Names that people gave in Airbyte, the source's first; or a sentence that has them. */
  names: string[];
  success: boolean;
}

/** @returns null for a body that is no notification of Airbyte's. */
export function readSyncEnd(body: unknown): SyncEnd | null {
  const parsed = airbyte.safeParse(body);
  if (!parsed.success) {
    const said = airbyteText.safeParse(body);
    return said.success ? { names: [said.data.text], success: true } : null;
  }
  const { source, connection, success } = parsed.data.data;
  const names = [source?.name, connection?.name].filter((name): name is string => name !== undefined);
  return { names, success: success ?? true };
}

/**
 * Which of the sources a name in Airbyte means: the one whose name it is, without regard to case and punctuation, or
 * whose name is part of it, the longest first (`Shopify (Germany) → lake`: shopify_germany before shopify).
 */
export function matchSource(sources: readonly string[], names: readonly string[]): string | null {
  const byLength = [...sources].sort((left, right) => right.length - left.length);
  for (const name of names) {
    const plain = plainName(name);
    const found =
      byLength.find((source) => plainName(source) === plain) ??
      byLength.find((source) => `_${plain}_`.includes(`_${plainName(source)}_`));
    if (found !== undefined) return found;
  }
  return null;
}

function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
}
