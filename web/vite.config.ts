/// <reference types="vitest/config" />
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { serviceWorker } from './sw/plugin'
import { sizeBudget } from './sw/size'

const here = fileURLToPath(new URL('.', import.meta.url))
const page = (path: string) => resolve(here, 'apps', path)

// One build for every app: a page is a folder under `apps/`, served at the same path by the binary.
// The landing page is `apps/index.html`, so that it is served at `/`.
export default defineConfig({
  root: page('.'),
  publicDir: resolve(here, 'public'),
  plugins: [vue(), serviceWorker(), sizeBudget()],
  // A worker is under the service worker's care only if its own address is below `/field/`.
  worker: { format: 'es', rolldownOptions: { output: { entryFileNames: 'field/assets/[name]-[hash].js' } } },
  define: {
    __VUE_OPTIONS_API__: true,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false,
    __VUE_I18N_LEGACY_API__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    outDir: resolve(here, 'dist'),
    emptyOutDir: true,
    // The strict content policy refuses `data:` scripts and fonts, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      input: {
        board: page('board/index.html'),
        desk: page('desk/index.html'),
        field: page('field/index.html'),
        landing: page('index.html'),
        resident: page('resident/index.html'),
      },
    },
  },
  server: {
    // The map of the sample city lies outside this folder.
    fs: { allow: [resolve(here, '..')] },
    // The binary in development: `ALLCLEAR_URL=http://127.0.0.1:8080 npm run dev`.
    proxy: { '/api': { target: process.env.ALLCLEAR_URL ?? 'http://127.0.0.1:8080' } },
  },
  test: {
    root: here,
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts'],
    environment: 'happy-dom',
  },
})
