import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** In development the console talks to an API elsewhere: the mock server of dev/, or a real `lotus up`. */
const api = process.env.LOTUS_API ?? "http://127.0.0.1:4599";
const proxy = { "/api": api, "/docs": api };

/** As the API sends it: what breaks under it breaks here first. */
const csp = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
].join("; ");

export default defineConfig({
  plugins: [react()],
  // From here on browsers know light-dark() themselves; what is put in its place for older ones follows no switch.
  // `/assets/…` is a page of ours.
  build: { target: ["chrome123", "edge123", "firefox120", "safari17.5"], assetsDir: "static" },
  server: { proxy },
  preview: { proxy, headers: { "content-security-policy": csp } },
});
