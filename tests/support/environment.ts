import type { Connections } from "../../common/settings.ts";

/** The environment in which a command works on these servers. */
export function environmentOf(connections: Connections, stateDir: string): Record<string, string> {
  const { catalogUrl, s3, temporal } = connections;
  return {
    LOTUS_STATE_DIR: stateDir,
    LOTUS_CATALOG_URL: catalogUrl,
    LOTUS_S3_ENDPOINT: s3.endpoint ?? "",
    LOTUS_S3_BUCKET: s3.bucket,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_REGION: s3.region,
    LOTUS_TEMPORAL_ADDRESS: temporal.address,
    LOTUS_TEMPORAL_NAMESPACE: temporal.namespace,
  };
}
