import { defineConfig } from "vitest/config";

// The policy that web.go sends allows nothing inline and no other origin, so nothing is inlined here
// either. `npm run dev` passes the API through to a cooler-cloud on its default address.
export default defineConfig({
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  plugins: [
    {
      // git keeps dist/.keep so that go:embed finds the folder in a fresh clone.
      name: "keep-dist",
      generateBundle() {
        this.emitFile({ type: "asset", fileName: ".keep", source: "" });
      },
    },
  ],
  server: {
    host: "127.0.0.1",
    proxy: {
      "/v1": { target: "http://127.0.0.1:8080", ws: true },
    },
  },
  // A machine that builds and trains beside it is slow, not wrong.
  test: { include: ["test/unit/**/*.test.ts"], testTimeout: 60_000 },
});
