import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["**/*.test.js"], globalSetup: "./golden.js", pool: "threads", watch: false, testTimeout: 60_000 },
});
