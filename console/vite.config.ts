import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** In development the console talks to an API elsewhere: the mock server of dev/, or a real `lotus up`. */
const api = process.env.LOTUS_API ?? "http://127.0.0.1:4599";

export default defineConfig({
  plugins: [react()],
  server: { proxy: { "/api": api, "/docs": api } },
  preview: { proxy: { "/api": api, "/docs": api } },
});
