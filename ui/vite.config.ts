// Builds the interface into plain files that the server hands out; in development it proxies to a running server.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const server = process.env.FASTCLIP_SERVER ?? 'http://127.0.0.1:8787';
const toServer = { target: server, changeOrigin: true };

export default defineConfig({
  plugins: [svelte()],
  base: '/',
  resolve: { alias: { 'lfa-ponyfill': fileURLToPath(new URL('src/captions/no-remote-fonts.ts', import.meta.url)) } },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    assetsDir: 'assets',
    assetsInlineLimit: 0, // the page's policy allows no data: URLs
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      input: { main: 'index.html', share: 'src/share/share.ts' },
      output: {
        // The server writes the pages of a shared clip and names these two; they are revalidated, not immutable.
        entryFileNames: ({ name }) => (name === 'share' ? 'share.js' : 'assets/[name]-[hash].js'),
        assetFileNames: ({ names }) => (names.includes('share.css') ? 'share.css' : 'assets/[name]-[hash][extname]'),
      },
    },
  },
  server: {
    proxy: { '/v1': toServer, '/_s': toServer, '/auth': toServer },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
