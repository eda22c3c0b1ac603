// Builds the service worker beside the pages: finds every file that the field app needs, by following
// names from its page, and writes them with a version into dist/field/sw.js.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Plugin, transformWithOxc } from 'vite'

const SOURCE = fileURLToPath(new URL('src/index.ts', import.meta.url))
const PAGE = 'field/index.html'
const ALWAYS = ['icon.svg', 'field/manifest.webmanifest']

export function serviceWorker(): Plugin {
  return {
    name: 'allclear-service-worker',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      async handler(_, bundle) {
        const text = (name: string): string => {
          const file = bundle[name]
          if (file === undefined) return ''
          if (file.type === 'chunk') return file.code
          return typeof file.source === 'string' ? file.source : /\.(js|css|html)$/.test(name) ? Buffer.from(file.source).toString() : ''
        }
        // Names carry a hash of the content, so a name found in a text is a use of that file.
        const names = Object.keys(bundle).filter((name) => /(^|\/)assets\//.test(name) && !name.endsWith('.map'))
        const needed = new Set<string>([PAGE])
        for (const name of needed) {
          const body = text(name)
          for (const other of names) if (body.includes(other.slice(other.lastIndexOf('/') + 1))) needed.add(other)
        }
        if (bundle[PAGE] === undefined || needed.size < 3) this.error(`the field page is not in the build: ${PAGE}`)
        const files = [...needed].filter((name) => name !== PAGE).sort()
        const precache = ['/field/', ...ALWAYS.map((name) => `/${name}`), ...files.map((name) => `/${name}`)]
        const version = createHash('sha256').update(text(PAGE)).update(precache.join()).digest('hex').slice(0, 12)
        const { code } = await transformWithOxc(readFileSync(SOURCE, 'utf8'), SOURCE)
        const source = code
          .replaceAll('__PRECACHE__', JSON.stringify(precache))
          .replaceAll('__VERSION__', JSON.stringify(version))
          .replace(/export\s*\{\s*\};?/, '')
        this.emitFile({ type: 'asset', fileName: 'field/sw.js', source })
      },
    },
  }
}
