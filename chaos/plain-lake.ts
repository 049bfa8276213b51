import type { Connections } from "../common/settings.ts";
import type { LakeExtensions } from "../lake/lake.ts";
import type { Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";

/**
 * Attaches a lake to a DuckDB of one's own, read-only, as anybody with DuckDB would: none of Lotus' settings, and no
 * barrier, so that other databases and extensions can stand beside it.
 */
export async function attachLake(
  session: Session,
  connections: Connections,
  extensions: LakeExtensions,
): Promise<void> {
  const { s3 } = connections;
  const catalog = new URL(connections.catalogUrl);
  for (const extension of Object.values(extensions)) await session.execute(`LOAD ${literal(extension)}`);
  // Nothing may be answered from what this process read earlier.
  await session.execute(`
    SET enable_external_file_cache = false;
    SET disabled_optimizers = 'statistics_propagation';
    CREATE OR REPLACE SECRET s3 (TYPE s3, KEY_ID ${literal(s3.accessKeyId)}, SECRET ${literal(s3.secretAccessKey)},
      REGION ${literal(s3.region)}, ENDPOINT ${literal(new URL(s3.endpoint ?? "").host)}, URL_STYLE 'path', USE_SSL false);
    CREATE OR REPLACE SECRET catalog (TYPE postgres, HOST ${literal(catalog.hostname)}, PORT ${literal(Number(catalog.port))},
      DATABASE ${literal(catalog.pathname.slice(1))}, USER ${literal(catalog.username)}, PASSWORD ${literal(catalog.password)});
    ATTACH 'ducklake:postgres:' AS lakehouse (DATA_PATH ${literal(`s3://${s3.bucket}/lakehouse/`)},
      METADATA_SCHEMA 'ducklake', META_SECRET 'catalog', READ_ONLY);
  `);
}
