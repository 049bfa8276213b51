// Creates the bucket that the environment names, where it is missing. Run once before the workers start.
import { register } from "tsx/esm/api";

register();
const { readSettings } = await import("../common/settings.ts");
const { createBucket } = await import("../platform/s3.ts");
const { connections } = readSettings();
if (connections === null) throw new Error("LOTUS_S3_BUCKET and the other connections are not set");
await createBucket(connections.s3, connections.s3.bucket);
console.log(`bucket ${connections.s3.bucket} is there`);
