import { describe, expect, test } from "vitest";
import { confirmationUrl, matchSource, notifiedObjects, readSyncEnd } from "../sensors/notifications.ts";

const record = (bucket: string, key: string) => ({
  eventVersion: "2.1",
  eventName: "s3:ObjectCreated:Put",
  s3: { bucket: { name: bucket, arn: `arn:aws:s3:::${bucket}` }, object: { key, size: 12, eTag: "abc" } },
});

describe("notifications of S3 servers", () => {
  test("AWS, and MinIO with what it adds: keys are form-encoded", () => {
    const body = {
      EventName: "s3:ObjectCreated:Put",
      Key: "landing/raw/a b",
      Records: [record("landing", "raw/shop/a+b%2Bc%C3%A9.parquet"), record("other", "x")],
    };
    expect(notifiedObjects(body)).toEqual([
      { bucket: "landing", key: "raw/shop/a b+cé.parquet" },
      { bucket: "other", key: "x" },
    ]);
    expect(notifiedObjects({ Records: [record("landing", "raw/%ZZ")] })).toEqual([
      { bucket: "landing", key: "raw/%ZZ" },
    ]);
  });

  test("AWS by SNS and by EventBridge", () => {
    const inner = JSON.stringify({ Records: [record("landing", "raw/a")] });
    expect(notifiedObjects({ Type: "Notification", MessageId: "1", Message: inner })).toEqual([
      { bucket: "landing", key: "raw/a" },
    ]);
    const event = {
      "detail-type": "Object Created",
      source: "aws.s3",
      detail: { bucket: { name: "landing" }, object: { key: "raw/a+b", size: 1 } },
    };
    expect(notifiedObjects(event)).toEqual([{ bucket: "landing", key: "raw/a+b" }]);
    expect(notifiedObjects({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "landing" })).toEqual([]);
  });

  test("SNS wants to be confirmed", () => {
    const body = {
      Type: "SubscriptionConfirmation",
      Token: "t",
      SubscribeURL: "https://sns.example.com/?a=b",
    };
    expect(confirmationUrl(body)).toBe("https://sns.example.com/?a=b");
    expect(confirmationUrl({ ...body, SubscribeURL: "http://127.0.0.1/" })).toBeNull();
    expect(confirmationUrl({ Type: "Notification", Message: "{}" })).toBeNull();
  });

  test("SeaweedFS: a path of the filer", () => {
    const message = { new_entry: { name: "a.parquet" } };
    expect(
      notifiedObjects({ key: "/buckets/landing/raw/shop/a.parquet", event_type: "create", message }),
    ).toEqual([{ bucket: "landing", key: "raw/shop/a.parquet" }]);
    expect(notifiedObjects({ key: "/etc/x", event_type: "update", message })).toEqual([
      { bucket: null, key: "etc/x" },
    ]);
  });

  test.each([
    [{}],
    [{ Records: {} }],
    [{ Records: [{}] }],
    [{ Type: "Notification", Message: "no JSON" }],
    [{ key: 1 }],
  ])("%j is none", (body) => {
    expect(notifiedObjects(body)).toBeNull();
  });
});

describe("Airbyte", () => {
  test("the end of a sync names its source and its connection", () => {
    const data = {
      workspace: { id: "1", name: "w", url: "u" },
      connection: { id: "2", name: "Shopify → lake", url: "u" },
      source: { id: "3", name: "Shopify", url: "u" },
      jobId: 9,
      success: true,
      bytesEmitted: 12,
    };
    expect(readSyncEnd({ data })).toEqual({ names: ["Shopify", "Shopify → lake"], success: true });
    expect(readSyncEnd({ data: { ...data, success: false } })).toMatchObject({ success: false });
    expect(readSyncEnd({ text: "Your sync is done" })).toEqual({
      names: ["Your sync is done"],
      success: true,
    });
    expect(readSyncEnd({ event: "sync" })).toBeNull();
  });

  test.each([
    ["shopify", "shopify"],
    ["Shopify", "shopify"],
    ["Shopify (Germany)", "shopify_germany"],
    ["Shopify (France)", "shopify"],
    ["shopify-germany", "shopify_germany"],
    ["My Shopify → lake", "shopify"],
    ["Your connection Klaviyo → lake just completed", "klaviyo"],
    ["Shop", null],
    ["Stripe", null],
  ])("%s is %s", (name, source) => {
    expect(matchSource(["shopify", "shopify_germany", "klaviyo"], [name])).toBe(source);
  });

  test("the connection's name counts where the source's says nothing", () => {
    expect(matchSource(["klaviyo"], ["My source", "Klaviyo → S3"])).toBe("klaviyo");
  });
});
