import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { S3Connection } from "../common/settings.ts";
import type { ServiceSpec } from "./service.ts";
import type { StatePaths } from "./state.ts";

/** How to run the S3 server (versitygw over a folder: an object is a file). */
export function s3Service(
  paths: StatePaths,
  options: { program: string; port: number; accessKey: string; secretKey: string; sidecar: boolean },
): ServiceSpec {
  mkdirSync(paths.s3, { recursive: true, mode: 0o700 });
  if (options.sidecar) mkdirSync(paths.s3Metadata, { recursive: true, mode: 0o700 });
  return {
    name: "s3",
    title: "S3",
    command: options.program,
    args: [
      ...["--port", `127.0.0.1:${options.port}`, "--region", "us-east-1", "--health", "/-/health"],
      // No line per request, no access lists to read per request, connections that stay open.
      ...["--quiet", "--disable-acl", "--keep-alive", "posix"],
      ...(options.sidecar ? ["--sidecar", paths.s3Metadata] : []),
      paths.s3,
    ],
    env: {
      PATH: process.env.PATH ?? "",
      ROOT_ACCESS_KEY: options.accessKey,
      ROOT_SECRET_KEY: options.secretKey,
    },
    cwd: paths.root,
    logFile: join(paths.logs, "s3.log"),
    stopSignal: "SIGTERM",
    stopGraceMilliseconds: 10_000,
    isReady: () => answers(`http://127.0.0.1:${options.port}/-/health`),
    unreachable: "S3_UNREACHABLE",
  };
}

/**
 * Whether objects' metadata are kept in a folder of their own, as the file system has no extended attributes. Once
 * so, always so: the metadata are there.
 */
export function usesSidecar(paths: StatePaths): boolean {
  return existsSync(paths.s3Metadata);
}

/** Creates the bucket; one that is there is left as it is. */
export async function createBucket(connection: S3Connection, bucket: string): Promise<void> {
  const client = new S3Client({
    region: connection.region,
    forcePathStyle: true,
    credentials: { accessKeyId: connection.accessKeyId, secretAccessKey: connection.secretAccessKey },
    ...(connection.endpoint === null ? {} : { endpoint: connection.endpoint }),
  });
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (!["BucketAlreadyOwnedByYou", "BucketAlreadyExists"].includes((error as Error).name)) throw error;
  } finally {
    client.destroy();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
