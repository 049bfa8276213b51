import { HeadBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Connection } from "@temporalio/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { openScratch } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { type Isolation, isolate } from "./support/isolation.ts";

let one: Isolation;
let two: Isolation;

beforeAll(async () => {
  one = await isolate();
  two = await isolate();
});

afterAll(() => {
  one.dispose();
  two.dispose();
});

test("two isolations share nothing", () => {
  expect(one.connections.catalogUrl).not.toBe(two.connections.catalogUrl);
  expect(one.connections.s3.bucket).not.toBe(two.connections.s3.bucket);
  expect(one.connections.temporal.namespace).not.toBe(two.connections.temporal.namespace);
  expect(one.folder).not.toBe(two.folder);
});

test("a lake lives in an isolation's database and bucket", async () => {
  const { s3, catalogUrl } = one.connections;
  const session = await openScratch();
  for (const path of Object.values(one.tools.extensions)) await session.execute(`LOAD ${literal(path)}`);
  await session.execute(`
    CREATE SECRET (TYPE s3, KEY_ID ${literal(s3.accessKeyId)}, SECRET ${literal(s3.secretAccessKey)}, REGION ${literal(s3.region)},
      ENDPOINT ${literal(new URL(s3.endpoint ?? "").host)}, URL_STYLE 'path', USE_SSL false)`);
  await session.execute(
    `ATTACH ${literal(`ducklake:postgres:${catalogUrl}`)} AS lakehouse (DATA_PATH ${literal(`s3://${s3.bucket}/lakehouse/`)})`,
  );
  await session.execute("CREATE TABLE lakehouse.t AS SELECT range AS x FROM range(100000)");
  const rows = await session.query(z.object({ n: z.string() }), "SELECT sum(x) AS n FROM lakehouse.t");
  expect(rows).toEqual([{ n: "4999950000" }]);
  session.close();
});

test("an isolation's bucket takes objects, and its namespace answers with Lotus's search attributes", async () => {
  const { s3, temporal } = two.connections;
  const client = new S3Client({
    endpoint: s3.endpoint ?? "",
    region: s3.region,
    forcePathStyle: true,
    credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
  });
  await client.send(new HeadBucketCommand({ Bucket: s3.bucket }));
  await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: "raw/a b/ü'%+.txt", Body: "x" }));
  client.destroy();
  const connection = await Connection.connect({ address: temporal.address });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({
    namespace: temporal.namespace,
  });
  expect(Object.keys(customAttributes)).toEqual(
    expect.arrayContaining(["LotusAsset", "LotusStream", "LotusTrigger"]),
  );
  await connection.close();
});
