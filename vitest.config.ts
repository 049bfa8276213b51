import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: ["tests/support/global-setup.ts"],
    // Each file in a process of its own: DuckDB, Temporal's native worker and signals stay apart.
    pool: "forks",
    maxWorkers: 2,
    // Node 20 is supported here; the SDK's advice to leave it would fill the output.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
