import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The dev server hands everything under /v1 to a running `anabranch up` (or the stand-in in tests/).
const target = process.env.ANABRANCH_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/v1': target, '/healthz': target, '/readyz': target } },
  build: {
    target: 'es2022',
    // light-dark() and nesting as written; older browsers are not served.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // Paths are absolute: /views/gold.x must load the same files as /.
    assetsDir: 'assets',
    chunkSizeWarningLimit: 900,
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
