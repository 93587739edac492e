import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { serviceWorker } from "./build/service-worker.ts";

export default defineConfig({
  plugins: [svelte(), serviceWorker()],
  build: {
    // The content security policy allows files of this origin and nothing inside the page, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // The page, and the client by itself: a script of its own that keeps its names, so that tests can drive it without a page.
      input: { index: "index.html", "lone-client": "src/lib/client/client.ts" },
      preserveEntrySignatures: "exports-only",
    },
  },
  worker: { format: "es" },
  test: { include: ["src/**/*.test.ts", "build/**/*.test.ts"] },
});
