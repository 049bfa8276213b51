// Fetches the DuckDB extensions into the cache folder (LOTUS_CACHE_DIR) while the image is built, so that a container
// starts without a network of its own.
import { register } from "tsx/esm/api";

register();
const { lakeExtensions, provisionExtensions } = await import("../platform/provision.ts");
await provisionExtensions(lakeExtensions, (line) => console.log(line));
