import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** In development the console talks to an API that runs elsewhere: `npx lotus status --json` says where. */
const api = process.env.LOTUS_API ?? "http://127.0.0.1:4599";

export default defineConfig({
  plugins: [react(), gzipped()],
  build: {
    // From here on browsers know light-dark() themselves; what is put in its place for older ones follows no switch.
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    // `/assets/…` is a page of ours.
    assetsDir: "static",
    // The content security policy takes no fonts from data: URLs.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/api": api, "/docs": api } },
});

/** Puts a gzipped copy beside each file, for the API to send. Of what was written: until then it still changes. */
function gzipped(): Plugin {
  return {
    name: "gzipped",
    apply: "build",
    writeBundle({ dir = "dist" }, bundle) {
      for (const name of Object.keys(bundle).filter((name) => /\.(js|css|svg)$/.test(name))) {
        const file = join(dir, name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}
